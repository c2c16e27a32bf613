"""Files for the clients in the rig: configuration, environment, and a drawing that imitates their screens."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ENVIRONMENT = {
    "ANTHROPIC_API_KEY": "dummy",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "ENABLE_TOOL_SEARCH": "false",  # else Claude Code offers MCP tools only to a model that searches for them
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "IS_SANDBOX": "1",
}
"""Variables that keep the clients off the network, and their tools visible to the scripted model."""

AS_INSTALLED = {name: value for name, value in ENVIRONMENT.items() if name != "ENABLE_TOOL_SEARCH"}
"""The same for what has to make the tools visible by itself."""

DRAWING = """\
────────────────────────────────────────────────────────────
❯\u00a0
────────────────────────────────────────────────────────────
  ? for shortcuts
› Ask Codex to do anything

  gpt-5 default · ~/proj
 Do you want to proceed?
 ❯ 1. Yes
   2. No
 Esc to cancel
  Press enter to confirm or esc to cancel
  ┃
  ┃  △ Permission required   enter confirm
  ╹▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀
• Working (3s • esc to interrupt)
"""
"""Text that an agent may print: parts of other programs' screens."""

CODEX_CONFIG = """\
model = "gpt-5"
model_provider = "local"
check_for_update_on_startup = false
[model_providers.local]
name = "local"
base_url = "http://127.0.0.1:{port}/v1"
wire_api = "responses"
"""


TRUSTED = '[projects."{project}"]\ntrust_level = "trusted"\n'


def claude_state(project: Path, theme: str, *, trusted: bool) -> str:
    """`~/.claude.json` of somebody who has been asked everything that is asked on the first day."""
    known = {"hasTrustDialogAccepted": trusted, "hasCompletedProjectOnboarding": True}
    state = {
        "hasCompletedOnboarding": True,
        "hasSeenAutoDefaultNudge": True,
        "theme": theme,
        "customApiKeyResponses": {"approved": ["dummy"], "rejected": []},
        "projects": {str(project): known},
    }
    return json.dumps(state)


def claude_settings() -> str:
    """`~/.claude/settings.json`: the newest version would have a model judge what it may do instead of asking."""
    return json.dumps({"permissions": {"defaultMode": "default"}})


def codex(port: int, trusted: Path | None) -> str:
    """`~/.codex/config.toml`, with the folder that it trusts."""
    return CODEX_CONFIG.format(port=port) + (TRUSTED.format(project=trusted) if trusted else "")


def opencode(port: int, extra: Mapping[str, Any]) -> str:
    """`opencode.json` of a project."""
    options = {"baseURL": f"http://127.0.0.1:{port}/v1", "apiKey": "x"}
    local = {"npm": "@ai-sdk/openai-compatible", "name": "local", "options": options, "models": {"m1": {"name": "m1"}}}
    permission = {"bash": "ask", "edit": "ask"}
    return json.dumps({"model": "local/m1", "provider": {"local": local}, "permission": permission, **extra})


def opencode_screen(theme: str) -> str:
    """`tui.json` of a project; its own theme is called after it."""
    return json.dumps({"theme": theme if theme != "dark" else "opencode"})
