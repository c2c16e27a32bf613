"""Tests of the transport to extensions."""
