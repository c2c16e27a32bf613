"""Tests of `xats_tui.launching`."""
