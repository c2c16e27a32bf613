"""What the operator sees.  Speaks to the coordinator through `backend.crossing` and knows no store, service or wire."""
