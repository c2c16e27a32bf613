"""Search: what is asked, what is found, and how a text is matched."""
