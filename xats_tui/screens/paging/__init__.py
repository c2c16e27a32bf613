"""Lists without an end: which part of each list the dashboard holds, and how another part is loaded."""
