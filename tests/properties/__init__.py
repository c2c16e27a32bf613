"""Long stories that nobody wrote: what holds after any sequence of events."""
