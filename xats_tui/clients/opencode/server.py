"""The login of opencode's own server: the variables that set it when opencode is started."""

USERNAME, PASSWORD = "OPENCODE_SERVER_USERNAME", "OPENCODE_SERVER_PASSWORD"

DEFAULT_USERNAME = "opencode"
