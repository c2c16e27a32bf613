"""The transport that types into a tmux pane, with its gates and its evidence."""
