"""What bridge and coordinator tell each other beside the arguments of a call: keys of `_meta`, and a capability."""

CALLS_ONCE = "xats/calls_once"
"""The experimental capability of both sides: calls are named in their `_meta`, and the answers to them kept."""

CALL_ID = "xats/call_id"
"""The call: the same when it is repeated."""

REPEATED = "xats/repeated"
"""That the bridge makes a call again by itself, so that it says nothing of what the model has."""

INSTANCE = "xats/instance"
"""The bridge, whatever becomes of its sessions; who says the same is the same runtime."""

TMUX_SOCKET = "xats/tmux_socket"
"""The tmux server that the host lives in; pane ids repeat across servers."""

HOST_SESSION = "xats/host_session"
"""The session of the program that started the bridge, by which its hooks speak."""

HOST_PROGRAM = "xats/host_program"
"""Name and version of the program that started the bridge."""

BRIDGE = "xats/bridge"
"""The pid of the bridge, where the coordinator looks first for the process behind a connection."""

UNASKED = "xats/unasked"
"""On a registration that no model has called for: `waiting` before any call, `called` with the model's first call,
`again` after a restart of the coordinator."""

UI = "xats/ui"
"""The process of the host's user interface, and the pane that the bridge was started in."""

LAUNCH = "xats/launch"
"""The launch that started the host, whose pane the launcher has announced."""

OWN_CHANNEL = "xats/channel"
"""The channel that the session carries to its host, by which the agent may be woken."""
