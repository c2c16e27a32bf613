"""Handing hints to the extension that an agent's program has loaded: links, gates, evidence."""
