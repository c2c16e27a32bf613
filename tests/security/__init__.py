"""Attacks by local programs and web pages: they gain no more than docs/security.md says."""
