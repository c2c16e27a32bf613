"""Parsers for typed text: filters, addresses, commands."""
