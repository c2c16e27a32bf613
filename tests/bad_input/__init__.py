"""What comes in that nobody should send: every door answers it, and goes on."""
