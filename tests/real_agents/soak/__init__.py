"""Half an hour of seven real agents at work, and a person among them."""
