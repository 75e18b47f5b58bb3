"""The parts of `tools/bench_soundcard.py`: a virtual sound card, what is said on it, and what is measured on it."""
