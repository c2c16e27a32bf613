"""The coordinator: everything that goes on without a screen."""
