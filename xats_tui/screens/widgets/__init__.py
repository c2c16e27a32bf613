"""Widgets, text formatting and drawing."""
