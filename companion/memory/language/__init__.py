"""Reading the owner's words: tables of patterns for English and Korean, and what reads them. Pure."""
