"""Frozen records: the store makes them, the services use them, the screens show them.

Nothing here has behaviour.  The wire has its own names for some of these; only `tools/` knows both.
"""
