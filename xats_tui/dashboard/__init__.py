"""Process of the dashboard: start, takeover, terminal, shutdown."""
