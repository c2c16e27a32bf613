"""The programs that agents run in, as far as they can be set up: where they keep their configuration, and what of ours
belongs into it.

A client is a file here and a line in `CLIENTS`.  It does not know what an agent is, nor who asks for a change.
"""

from xats_tui.clients.claude_code.config_files import CLAUDE_CODE
from xats_tui.clients.codex.config_files import CODEX
from xats_tui.clients.opencode.config_files import OPENCODE
from xats_tui.clients.setup.program import ClientProgram, ConfigContext, ConfigScope

CLIENTS = (CLAUDE_CODE, CODEX, OPENCODE)

__all__ = ["CLAUDE_CODE", "CLIENTS", "CODEX", "OPENCODE", "ClientProgram", "ConfigContext", "ConfigScope"]
