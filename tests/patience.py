"""How long a test waits before it calls something lost.

It is no measure of speed: a test that passes goes on as soon as what it waits for is there, and machines are busy.
"""

PATIENCE = 20.0
"""Seconds."""
