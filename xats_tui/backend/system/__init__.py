"""Access to the machine: tmux, processes, terminals, files, sockets."""
