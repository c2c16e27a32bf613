"""opencode."""

import re

from xats_tui.clients.spec import AnswerLimit, ClientSpec, OwnServer

SPEC = ClientSpec(
    id="opencode",
    title="opencode",
    order=3,
    program="opencode",
    install="npm install -g opencode-ai",
    executables=frozenset({"opencode", "opencode-ai"}),
    packages=frozenset({"opencode-ai"}),
    pane_command=re.compile("opencode", re.IGNORECASE),
    pane_command_score=6,
    handshake="opencode",
    environment_mark="OPENCODE",
    registration_fields=(
        "base_url",
        "session_id",
    ),
    server=OwnServer(
        username="OPENCODE_SERVER_USERNAME", password="OPENCODE_SERVER_PASSWORD", default_username="opencode"
    ),
    shows_prompts=True,
    # It keeps more than 51,200 bytes, or 2,000 lines, in a file; an answer is one line.
    answer=AnswerLimit(tokens=8_000, size_bytes=48_000),
    max_hint_chars=150,  # it shows a longer paste as `[Pasted ~1 lines]`
    tested_version="1.18.33",
)
