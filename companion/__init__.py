"""Companion: a voice companion that lives on its owner's own computer."""

import os

__version__ = "0.1.0"

# ONNX Runtime from 1.29 on gives the machine an id and reports to its maker; it looks here once, when it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
