"""`xats-tui channel`: the channel proxy that Claude Code starts beside its sessions."""

import os
import sys
from typing import Annotated
from urllib.parse import urlsplit

import typer

from xats_tui.runtime import pid_file
from xats_tui.runtime.logs import log_to_file
from xats_tui.runtime.settings import Loaded

DAEMON_URL = "CROSS_AGENT_TEAMS_MCP_DAEMON_URL"
"""Environment variable that cross-agent-teams-mcp's own proxy reads."""

EXIT_USAGE = 2


def channel(
    loaded: Loaded,
    daemon_url: Annotated[
        str | None,
        typer.Option(
            "--daemon-url",
            metavar="URL",
            help=f"The coordinator's endpoint, as http://127.0.0.1:9100/mcp; default: {DAEMON_URL}, then the pid file.",
        ),
    ] = None,
) -> int:
    """Carry wakes into a Claude Code session.

    This is an MCP server on stdin and stdout; Claude Code starts it as a channel.
    """
    named = daemon_url or os.environ.get(DAEMON_URL)
    pid_path = loaded.settings.pid_path
    if not named and not pid_path.exists():
        return _misused(f"name the coordinator with --daemon-url URL or {DAEMON_URL}; {pid_path} does not exist")
    if named and not _is_endpoint(named):
        return _misused(f"{named!r} is no coordinator URL; expected a form like http://127.0.0.1:9100/mcp")
    log_to_file(loaded.settings)
    # Deferred: the other commands have no use for an HTTP client.
    from xats_tui.mcp_bridge.channel_proxy import run

    def find() -> str | None:
        record = None if named else pid_file.read(pid_path)
        return record.url if record else named

    return run(find, loaded.settings.token, loaded.settings.proof_key_path)


def _is_endpoint(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def _misused(sentence: str) -> int:
    print(f"xats-tui: {sentence}", file=sys.stderr)
    return EXIT_USAGE
