"""Wakes: the queue, the policy, the attempts, and the ways to reach an agent."""
