"""The full-text index: filling it, and finding with it."""
