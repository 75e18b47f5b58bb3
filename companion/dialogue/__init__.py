"""What to say: persona, prompt, the language model, and the spoken form of what it writes."""
