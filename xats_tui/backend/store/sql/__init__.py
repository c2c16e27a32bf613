"""The SQLite file: connections, transactions, schema, faults."""
