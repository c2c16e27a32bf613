"""Limits of an answer's size: pages, cursors, and parts of long messages."""
