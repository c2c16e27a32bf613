"""Bounding an answer to what a host hands on: pages, cursors, parts of long messages."""
