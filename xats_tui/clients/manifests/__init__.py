"""Clients described by TOML files instead of Python: parsing, checking, and reading screens by their rules.

The built-in files lie in this folder; a user's own ones in `clients/` of the home.
"""
