"""The sample that the screens are shown with: a module for each of its nouns."""
