"""Tests of the pane readers and the monitor."""
