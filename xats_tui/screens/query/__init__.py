"""Input that a person types: filters, addresses, commands, and keys that come before a field is open."""
