"""How each client is started so that it is an agent as soon as it is up: its command line and environment.

It knows the clients' flags; it opens no window and starts nothing.
"""
