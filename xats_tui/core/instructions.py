"""The instructions for the model at `initialize`, sent by the coordinator, or by a bridge that has not reached it."""

INSTRUCTIONS = """\
xats is short for cross-agent-teams and means this MCP server and its tools: coding agents that work side by side \
register under a name, send each other messages, share a task board and publish versioned contracts.
"Register to xats" or "register to cross-agent-teams" asks you to call register_agent here. Those words are not team \
names: do not pass them as team. Do not take the bare word "register" for such a request unless the conversation is \
already about this service.
When the user named no team, pass project_dir = your working directory: its last part becomes the team. With neither, \
the team is "default".
In Codex prefer register_codex_self, and do not look for or pass ui_pid. If CODEX_THREAD_ID is set in your tool shell \
pass it as thread_id; your calls name the thread, too, and you are woken on it.
When you do not know whether you have registered, or as whom, call whoami.
Call get_inbox when a line that begins with [xats] tells you to, and answer messages whose need_reply is true.
"""

NAME_IS_ENOUGH = (
    "Here register_agent needs only your name: the program you run in, its tmux pane and the project folder are found "
    "out and filled in. Pass nothing else unless the user asks for it."
)
"""Added by a bridge."""
