"""Faults outside of the program: disks, files, tmux, clocks, clients, and being killed."""
