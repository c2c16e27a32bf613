"""A client that is newer than its reader was tested with is told as such, whatever it calls itself."""

import pytest

from xats_tui.backend.panes.tested_versions import newer_than_tested
from xats_tui.clients.registry import CLIENTS


@pytest.mark.parametrize(
    ("client", "program", "newer"),
    [
        ("claude-code", "claude-code 2.1.333", "2.1.333"),
        ("claude-code", "claude-code 2.2.0-beta.1", "2.2.0"),
        ("claude-code", "10.0", "10.0"),
        ("codex", "codex-mcp-client 0.172.0", "0.172.0"),
        ("opencode", "opencode 1.19.0", "1.19.0"),
    ],
)
def test_a_newer_version_is_told(client: str, program: str, newer: str) -> None:
    assert newer_than_tested(client, program).startswith(f"{newer} is newer than {CLIENTS[client].tested_version}")


@pytest.mark.parametrize(
    ("client", "program"),
    [
        ("claude-code", "claude-code 2.1.332"),
        ("claude-code", "2.1.9 (Claude Code)"),
        ("codex", "codex-mcp-client 0.171.0"),
        ("codex", "xats-tui 1.2.3"),
        ("codex", "mcp 2.3"),
        ("codex", ""),
        ("codex", "of unknown version"),
        ("custom", "copilot-cli 9.9"),
        (None, "claude-code 9.9"),
    ],
)
def test_nothing_is_said_of_a_version_that_was_tested_or_is_not_known(client: str | None, program: str) -> None:
    assert newer_than_tested(client, program) == ""
