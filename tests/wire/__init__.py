"""The wire as the reference program's clients know it, checked from the outside: what they send and what they get."""
