"""Speech to text: one protocol, one file per engine."""
