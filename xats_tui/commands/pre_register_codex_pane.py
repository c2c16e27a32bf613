"""`xats-tui pre-register-codex-pane`: run by launchers of Codex to announce its pane.

It prints JSON on both outputs, for scripts.
"""

import json
import os
import sys
from typing import Annotated, Any

import typer

from xats_tui.core.call_meta import TMUX_SOCKET
from xats_tui.runtime import pid_file
from xats_tui.runtime.settings import Loaded

TOOL = "pre_register_codex_pane"
USAGE = (
    "usage: xats-tui pre-register-codex-pane --pane %N --agent-id UUID [--ttl S] [--port N] [--token T] "
    "[--pid-file FILE]"
)

TOKEN_VARIABLE, HOST_VARIABLE = "CROSS_AGENT_TEAMS_MCP_TOKEN", "CROSS_AGENT_TEAMS_MCP_HOST"

FAILED, MISUSED = 1, 2


class Failed(Exception):
    """Raised on failure; holds the value to print and the exit code."""

    def __init__(self, printed: Any, code: int = FAILED) -> None:
        super().__init__(str(printed))
        self.printed = printed
        self.code = code


def pre_register_codex_pane(
    loaded: Loaded,
    pane: Annotated[str, typer.Option(help="The tmux pane, as $TMUX_PANE names it.", metavar="%N")] = "",
    agent_id: Annotated[str, typer.Option(help="A fresh UUID, also on Codex's command line.", metavar="UUID")] = "",
    ttl: Annotated[str | None, typer.Option(help="Seconds of validity; default 120, at most 600.", metavar="S")] = None,
) -> int:
    """Announce the tmux pane in which a Codex is about to start (for launchers, not for people).

    Start Codex with `--remote URL` and with xats.agent_id="UUID" in its arguments; on registration the pane is bound to
    it.
    """
    if not pane or not agent_id:
        print(USAGE, file=sys.stderr)
        return MISUSED
    # Deferred: the other commands have no use for an HTTP client.
    import asyncio

    try:
        print(_compact(asyncio.run(_announced(loaded, pane, agent_id, ttl))))
    except Failed as failure:
        print(_compact(failure.printed), file=sys.stderr)
        return failure.code
    return 0


async def _announced(loaded: Loaded, pane: str, agent_id: str, ttl: str | None) -> Any:
    """Return the tool's answer, if it is positive."""
    from xats_tui.mcp_bridge.session import CoordinatorSession, Interrupted, NotReached, RpcError

    token = loaded.settings.token or os.environ.get(TOKEN_VARIABLE) or None
    key_path = loaded.settings.proof_key_path
    session = CoordinatorSession(
        _endpoint(loaded), token, lambda notification: None, name="xats-tui-launcher", key_path=key_path
    )
    try:
        await session.open()
        arguments = {"pane_id": pane, "xats_agent_id": agent_id, **_lifetime(ttl)}
        return _agreed(await session.request("tools/call", {"name": TOOL, "arguments": arguments, "_meta": _place()}))
    except (NotReached, Interrupted, RpcError) as error:
        raise Failed({"ok": False, "error": "cli_failed", "detail": str(error)}) from error
    finally:
        await session.close()


def _endpoint(loaded: Loaded) -> str:
    """Return the coordinator's endpoint: the given port, or else the pid file's."""
    settings = loaded.settings
    record = pid_file.read(settings.pid_path)
    if loaded.sources["port"] == "flag" or (record is None and loaded.is_explicit("port")):
        record = pid_file.PidRecord(pid=0, port=settings.port)
    if record is None or not record.port:
        detail = f"no port: pass --port, or start a coordinator ({settings.pid_path} names none)"
        raise Failed({"ok": False, "error": "daemon_port_unresolved", "detail": detail})
    host = settings.host if loaded.is_explicit("host") else record.host
    return pid_file.endpoint(os.environ.get(HOST_VARIABLE) or host, record.port)


def _lifetime(ttl: str | None) -> dict[str, int]:
    if ttl is None:
        return {}
    if not (ttl.isascii() and ttl.isdigit() and int(ttl) > 0):
        raise Failed({"ok": False, "error": "invalid_ttl"}, MISUSED)
    return {"ttl_seconds": int(ttl)}


def _place() -> dict[str, str]:
    socket = os.environ.get("TMUX", "").split(",")[0]
    return {TMUX_SOCKET: socket} if socket else {}


def _agreed(result: dict[str, Any]) -> Any:
    """Return the tool's answer.

    Raises:
        Failed: the answer is negative.
    """
    text = str(result["content"][0]["text"])
    try:
        answer = json.loads(text)
    except ValueError:
        raise Failed({"raw": text}) from None
    if result.get("isError") or not (isinstance(answer, dict) and answer.get("ok") is True):
        raise Failed(answer)
    return answer


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
