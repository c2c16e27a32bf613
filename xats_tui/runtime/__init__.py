"""The process around the coordinator: settings, log, pid file, secrets, handover of the socket."""
