"""The HTTP interface of the coordinator: MCP, hooks, health and the operator's endpoint."""
