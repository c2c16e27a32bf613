"""The agent's program at the other end of stdin and stdout."""
