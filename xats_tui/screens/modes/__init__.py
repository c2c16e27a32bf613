"""The modes of the dashboard, one module each."""
