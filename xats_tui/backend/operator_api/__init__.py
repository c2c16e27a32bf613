"""The operator's verbs: each is declared once, for the dashboard, the command line and the HTTP endpoint."""
