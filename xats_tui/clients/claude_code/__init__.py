"""Claude Code: its screens, dialogs and configuration files."""
