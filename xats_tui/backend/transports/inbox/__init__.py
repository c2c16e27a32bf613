"""Posting to the inbox of a Claude Code: gates, the wire, evidence."""
