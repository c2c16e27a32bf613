"""Output of commands: tables, details, JSON."""
