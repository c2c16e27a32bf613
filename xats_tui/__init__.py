"""xats-tui: a dashboard and a coordinator for a team of coding agents."""

__version__ = "0.2.0"
