"""What keeps a conversation on this machine: the offline lock, and the hygiene of the process."""
