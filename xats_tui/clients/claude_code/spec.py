"""Claude Code."""

import re

from xats_tui.clients.hook_table import HookAnswer, HookEvent, HookMeaning, HookTable
from xats_tui.clients.spec import AnswerLimit, ClientSpec

SPEC = ClientSpec(
    id="claude-code",
    title="Claude Code",
    order=1,
    program="claude",
    install="npm install -g @anthropic-ai/claude-code",
    executables=frozenset({"claude", "claude-code"}),
    packages=frozenset({"claude-code"}),
    pane_command=re.compile(r"\d+(\.\d+)+"),  # its process is called by its version
    pane_command_score=4,
    handshake="claude-code",
    environment_mark="CLAUDECODE",
    session_variable="CLAUDE_CODE_SESSION_ID",
    project_variable="CLAUDE_PROJECT_DIR",
    hooks=HookTable(
        events=(
            HookEvent(name="SessionStart", means=HookMeaning.SESSION_BEGINS),
            HookEvent(name="UserPromptSubmit", means=HookMeaning.TURN_BEGINS),
            HookEvent(name="PermissionRequest", means=HookMeaning.ASKS, waits_s=3600),
            HookEvent(name="Notification", means=HookMeaning.ASKS, kinds=frozenset({"permission_prompt"})),
            HookEvent(name="Stop", means=HookMeaning.TURN_ENDS),
            HookEvent(name="SessionEnd", means=HookMeaning.SESSION_ENDS),
            # Not set up: its session file tells as much, and a hook for each tool takes time.
            HookEvent(name="PreToolUse", means=HookMeaning.WORKS, is_set_up=False),
            HookEvent(name="PostToolUse", means=HookMeaning.TOOL_RAN, is_set_up=False),
            HookEvent(name="PostToolUseFailure", means=HookMeaning.TOOL_RAN, is_set_up=False),
        ),
        answer=HookAnswer.BLOCK,
    ),
    registration_fields=("channel_session_id",),
    default_model="claude-code",
    self_tool="register_claude_self",
    self_sign="claude",
    shows_prompts=True,
    has_channel=True,
    # It refuses 25,000 tokens and keeps more than 50,000 UTF-16 units in a file.
    answer=AnswerLimit(tokens=20_000, size_bytes=48_000),
    # Where its configuration lacks alwaysLoad, which cannot be seen from here, tools are behind a search.
    full_tool_name="mcp__{server}__{tool}",
    tested_version="2.1.332",
)
