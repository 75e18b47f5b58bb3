"""Sound in, sound out: one device, one clock; a sound card or files."""
