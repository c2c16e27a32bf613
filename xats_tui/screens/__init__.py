"""Screens of the dashboard; they reach the coordinator through `data/` only, and know no store, service or wire."""
