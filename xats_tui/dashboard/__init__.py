"""The process of the dashboard: start, take-over, terminal, shutdown."""
