"""Keys of `_meta`, and one capability, by which bridge and coordinator pass data beside a call's arguments."""

CALLS_ONCE = "xats/calls_once"
"""Experimental capability of both sides: every call carries an id, and its answer is kept under that id."""

CALL_ID = "xats/call_id"
"""The id of a call; a repetition keeps the id."""

REPEATED = "xats/repeated"
"""Marks a call that the bridge repeats by itself: it proves nothing about what the model has received."""

INSTANCE = "xats/instance"
"""The id of the bridge process, the same across its sessions; the same id means the same runtime."""

TMUX_SOCKET = "xats/tmux_socket"
"""The tmux server that the host runs in; pane ids repeat across servers."""

HOST_SESSION = "xats/host_session"
"""The session id of the program that started the bridge; that program's hooks use the same id."""

HOST_PROGRAM = "xats/host_program"
"""Name and version of the program that started the bridge."""

BRIDGE = "xats/bridge"
"""The pid of the bridge: the coordinator's first guess for the process behind a connection."""

UNASKED = "xats/unasked"
"""Marks a registration that no model asked for: `waiting` before any call, `called` with the model's first call,
`again` after a restart of the coordinator.
"""

UI = "xats/ui"
"""The process of the host's user interface, and the pane that the bridge was started in."""

LAUNCH = "xats/launch"
"""The launch that started the host; the launcher has announced its pane."""

FOLDER = "xats/folder"
"""The working directory that the model itself named in its registration, where the bridge cannot know it."""

OWN_CHANNEL = "xats/channel"
"""The channel that this session offers its host, through which the agent can be woken."""
