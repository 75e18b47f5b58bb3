"""The tests: each reads like a promise of the program, and fails where it is broken."""

import os

# Read when libgomp loads, which in a run of all tests some other library does before the language model can ask for it:
# its threads would spin through their time slices wherever anything else runs (companion/dialogue/llm.py says more).
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
