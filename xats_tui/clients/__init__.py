"""The programs that agents run in: one folder a client, and a registry of them.

`registry.CLIENTS` holds what is known of each without running it (`ClientSpec`); the folders hold its screens, dialogs,
configuration files and launch.
"""
