"""Versioned contracts, and the folder whose files become contracts."""
