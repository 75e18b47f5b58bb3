"""How to answer, decided in code: small language models repeat one strategy and are poor at empathy."""
