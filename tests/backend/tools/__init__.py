"""Tests of the tools, over HTTP."""
