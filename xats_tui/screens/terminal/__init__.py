"""The terminal that the screens are drawn on: its driver, and filters of drawn lines."""
