"""Launching of agents in tmux panes."""
