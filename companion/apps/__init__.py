"""What a person starts: the command line and the programs behind it."""
