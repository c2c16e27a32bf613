"""Watchers: each follows what one client says of its agents, and writes it to the board of client states."""
