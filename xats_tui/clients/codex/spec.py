"""Codex."""

import re

from xats_tui.clients.hook_table import HookAnswer, HookEvent, HookMeaning, HookTable
from xats_tui.clients.spec import AnswerLimit, ClientSpec

SPEC = ClientSpec(
    id="codex",
    title="Codex",
    order=2,
    program="codex",
    install="npm install -g @openai/codex",
    executables=frozenset({"codex"}),
    helpers=re.compile(r"codex\s+app-server|Codex Computer Use\.app|SkyComputerUseClient", re.IGNORECASE),
    pane_command=re.compile("codex", re.IGNORECASE),
    pane_command_score=6,
    handshake="codex",
    environment_mark="CODEX_THREAD_ID",
    # Not PermissionRequest: Codex runs that hook before it asks anybody, and its app-server tells of approvals.
    hooks=HookTable(
        events=(
            HookEvent(name="SessionStart", means=HookMeaning.SESSION_BEGINS),
            HookEvent(name="UserPromptSubmit", means=HookMeaning.TURN_BEGINS),
            HookEvent(name="Stop", means=HookMeaning.TURN_ENDS),
            HookEvent(name="Interrupt", means=HookMeaning.RESTS),
            HookEvent(name="SessionEnd", means=HookMeaning.SESSION_ENDS),
        ),
        answer=HookAnswer.BLOCK,
    ),
    registration_fields=(
        "thread_id",
        "ws_url",
        "auth_token_ref",
    ),
    default_model="gpt",
    self_tool="register_codex_self",
    self_sign="codex",
    pane_is_announced=True,
    has_threads=True,
    has_app_server=True,
    # It cuts the middle out of more than 10,000 tokens, and for a model that is not in its own list out of more than
    # 10,000 bytes (12,000 with its allowance for the form); its calls do not say which of both holds.
    answer=AnswerLimit(tokens=8_000, size_bytes=10_000),
    tested_version="0.171.0",
)
