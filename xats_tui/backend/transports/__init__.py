"""Transports: one way to an agent per module, behind `xats_tui.core.transport.Transport`."""
