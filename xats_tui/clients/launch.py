"""The command line and environment of each client, made so that the bridge registers the agent by itself.

Nothing is started here.  A server called `xats` in the user's own configuration is replaced for this one start; all
else there holds.
"""

import json
import shlex
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from xats_tui.core.model.launches import ClientStart, LaunchCommand, LaunchRequest

SERVER = "xats"
"""What the coordinator's tools are called in every client's configuration."""

SECOND = "xats_tui"
"""The same where that name is taken in a way that cannot be replaced."""

LAUNCH_VARIABLE = "XATS_LAUNCH"
"""Where a bridge finds the mark of the launch that it belongs to."""

CODEX_URL_VARIABLE = "XATS_CODEX_URL"
"""Where a bridge finds the URL of the app-server that its Codex has for itself."""

HOOK_EVENTS = ("SessionStart", "UserPromptSubmit", "PermissionRequest", "Notification", "Stop", "SessionEnd")

OWN_SESSION = ("--prompt", "--session", "-s", "--continue", "-c", "--fork")
"""Flags of opencode after which it shows a session that cannot be told: that one is woken in its pane."""

CONTENT_VARIABLE = "OPENCODE_CONFIG_CONTENT"

OWN_SERVER = """\
{server} >/dev/null 2>&1 &
for _ in {{1..300}}; do (exec 3<>"/dev/tcp/127.0.0.1/{port}") 2>/dev/null && break; sleep 0.1; done
exec {codex}
"""
"""For bash: an app-server beside the Codex that it is for, on whose terminal it hangs."""


def start_of(wanted: LaunchRequest, means: LaunchCommand, environment: Mapping[str, str]) -> ClientStart:
    """What a pane is to run so that the agent is there and registered.

    Args:
        wanted: the agent.
        means: what it is started with.
        environment: that of whoever starts it, for what the user has set for the client.
    """
    return STARTS[wanted.client](wanted, means, environment)


def codex_has_remote(folder: Path, environment: Mapping[str, str]) -> bool:
    """Whether Codex's own configuration, or that of the folder, reaches a server of our name by a URL."""
    home = environment.get("CODEX_HOME") or f"{environment.get('HOME') or Path.home()}/.codex"
    return any(_has_remote(path / "config.toml") for path in (Path(home), folder / ".codex"))


def _has_remote(config: Path) -> bool:
    try:
        servers = _table(tomllib.loads(config.read_text(encoding="utf-8")).get("mcp_servers"))
    except (OSError, ValueError):  # Codex itself says what is wrong with it
        return False
    return "url" in _table(servers.get(SERVER))


def _bridge(wanted: LaunchRequest, means: LaunchCommand) -> tuple[str, ...]:
    role = ("--role", wanted.role) if wanted.role else ()
    return (*means.bridge, "--name", wanted.name, "--team", wanted.team, *role)


def _claude_code(wanted: LaunchRequest, means: LaunchCommand, environment: Mapping[str, str]) -> ClientStart:
    program, *arguments = _bridge(wanted, means)
    servers = {"mcpServers": {SERVER: {"command": program, "args": arguments}}}
    # With `=`: these options take as many words as follow, and would swallow a prompt.
    flags = [f"--mcp-config={_json(servers)}"]
    if not wanted.asks_first:
        flags.append(f"--allowedTools=mcp__{SERVER}")
    if not _names(wanted.extra, "--settings"):
        hook = {"hooks": [{"type": "command", "command": shlex.join(means.hook)}]}
        flags += ["--settings", _json({"hooks": {event: [hook] for event in HOOK_EVENTS}})]
    return ClientStart(command=(means.program, *flags, *wanted.extra))


def _codex(wanted: LaunchRequest, means: LaunchCommand, environment: Mapping[str, str]) -> ClientStart:
    program, *arguments = _bridge(wanted, means)
    url = f"ws://127.0.0.1:{means.port}"
    told = {LAUNCH_VARIABLE: means.mark, **({CODEX_URL_VARIABLE: url} if wanted.app_server else {})}
    environs = ",".join(f"{variable}={_json(value)}" for variable, value in told.items())
    fields = [f"command={_json(program)}", f"args={_json(arguments)}", f"env={{{environs}}}"]
    if not wanted.asks_first:
        fields.append('default_tools_approval_mode="approve"')
    # Codex merges tables, and refuses one with a URL and a command: then ours has another name, and theirs rests.
    name, aside = (SECOND, ("-c", f"mcp_servers.{SERVER}.enabled=false")) if means.has_remote else (SERVER, ())
    configured = (*aside, "-c", f"mcp_servers.{name}={{{','.join(fields)}}}")
    if not wanted.app_server:
        return ClientStart(command=(means.program, *configured, *wanted.extra), announces=True)
    server = shlex.join((means.program, "app-server", "--listen", url, *configured))
    codex = shlex.join((means.program, *configured, "--remote", url, *wanted.extra))
    script = OWN_SERVER.format(server=server, port=means.port, codex=codex)
    return ClientStart(command=("bash", "-c", script), announces=True)


def _opencode(wanted: LaunchRequest, means: LaunchCommand, environment: Mapping[str, str]) -> ClientStart:
    server = {"type": "local", "command": list(_bridge(wanted, means)), "enabled": True}
    content = _content(environment)
    content["mcp"] = {**_table(content.get("mcp")), SERVER: server}
    own_port = () if _names(wanted.extra, "--port") else ("--port", str(means.port))
    return ClientStart(
        command=(means.program, *own_port, *wanted.extra),
        environment={CONTENT_VARIABLE: _json(content)},
        base_url="" if _names(wanted.extra, *OWN_SESSION) or not own_port else f"http://127.0.0.1:{means.port}",
    )


STARTS: Mapping[str, Callable[[LaunchRequest, LaunchCommand, Mapping[str, str]], ClientStart]] = {
    "claude-code": _claude_code,
    "codex": _codex,
    "opencode": _opencode,
}
"""How each client is started."""

PROGRAMS: Mapping[str, str] = {"claude-code": "claude", "codex": "codex", "opencode": "opencode"}
"""What each client's program is called."""

INSTALLS: Mapping[str, str] = {
    "claude-code": "npm install -g @anthropic-ai/claude-code",
    "codex": "npm install -g @openai/codex",
    "opencode": "npm install -g opencode-ai",
}
"""How each client is installed."""


def _content(environment: Mapping[str, str]) -> dict[str, object]:
    """The configuration that the user hands to opencode in the environment; none if it is none."""
    try:
        return _table(json.loads(environment.get(CONTENT_VARIABLE) or "{}"))
    except ValueError:
        return {}


def _table(value: object) -> dict[str, object]:
    return dict(value) if isinstance(value, dict) else {}


def _names(arguments: Sequence[str], *flags: str) -> bool:
    return any(argument.partition("=")[0] in flags for argument in arguments)


def _json(value: object) -> str:
    """Compact JSON; of text and lists of text, TOML at the same time."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
