"""Comparison of JSON Schemas.  All functions are pure."""
