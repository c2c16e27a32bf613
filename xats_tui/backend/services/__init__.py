"""What the coordinator does, one noun a file: rules and order of work, no SQL, no protocol, no screen."""
