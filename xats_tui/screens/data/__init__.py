"""Data of the dashboard: the snapshot that modes draw, its refresh, and the verbs they call."""
