"""The store as it was at an earlier moment, read from the change log."""
