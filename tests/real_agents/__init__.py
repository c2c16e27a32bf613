"""Scripts that drive the real agent programs, offline; they run on request and are no part of pytest."""
