"""The languages a person types: filters, addresses, commands."""
