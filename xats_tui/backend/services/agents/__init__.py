"""Registration, identity and presence of agents."""
