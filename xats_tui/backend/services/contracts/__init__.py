"""Versioned contracts and the folder that publishes them."""
