"""The nouns: frozen records that the store makes, the services speak in and the screens show.

Nothing here does anything.  The wire has its own names for some of this; only `tools/` knows both.
"""
