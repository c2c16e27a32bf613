"""What the command line does, run as a process."""
