"""Codex: its screens, dialogs and configuration files."""
