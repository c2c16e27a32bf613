"""Housekeeping: retention, live settings, outages, ages of pane states."""
