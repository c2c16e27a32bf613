"""What happened between two moments: counted for a summary, and read page by page for a report."""
