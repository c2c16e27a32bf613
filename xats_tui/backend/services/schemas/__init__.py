"""Comparison of JSON Schemas.  Pure."""
