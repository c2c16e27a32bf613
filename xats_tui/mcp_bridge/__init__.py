"""The stdio bridge between an agent's program and the coordinator."""
