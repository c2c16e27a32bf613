"""The condition of the coordinator: loop lag, counts, notices to the operator, use by agents."""
