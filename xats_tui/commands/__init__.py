"""The commands, one a file; each is handed the effective settings and returns its exit code."""
