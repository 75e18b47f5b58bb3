"""Companion: a voice companion that lives on its owner's own computer."""

import os

__version__ = "0.1.0"

# ONNX Runtime from 1.29 on gives the machine an id and reports to its maker; it looks here once, when it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# NumPy's OpenBLAS looks here once, too. After each larger product its other threads go on turning for some 25 ms, on a
# core that the speech models wait for: half the work of a Smart Turn call was that. Whoever sets it keeps it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
