"""Measurements, run with `make bench`; they start what they need and end it."""
