"""Bad input at every interface: each one answers it and continues to work."""
