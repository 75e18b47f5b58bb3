"""What the owner may feel, as far as it can be heard: in the voice, in the words, and against how they usually are."""
