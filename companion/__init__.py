"""Companion: a voice companion that lives on its owner's own computer."""

__version__ = "0.1.0"
