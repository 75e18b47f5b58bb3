"""Text to speech: one protocol, one file per engine."""
