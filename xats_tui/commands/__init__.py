"""Commands, one module each; a command receives the effective settings and returns its exit code."""
