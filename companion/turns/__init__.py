"""When to listen, when to answer: pure decisions that count time in samples; no I/O, no clock, no models."""
