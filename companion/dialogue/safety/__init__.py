"""What is answered in code and never by a model: danger, farewells, what the companion is, medicines."""
