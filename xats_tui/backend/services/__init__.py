"""The coordinator's services, one noun a module: rules and order of work; no SQL, no protocol, no screen."""
