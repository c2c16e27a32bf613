"""Starting agents in tmux panes."""
