"""opencode: its screens, dialogs and configuration files."""
