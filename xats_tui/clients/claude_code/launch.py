"""The command line of a Claude Code that registers as soon as it is up."""

import shlex
import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from xats_tui.clients.claude_code.config_files import ALWAYS_LOAD, PROGRAM
from xats_tui.clients.claude_code.spec import SPEC
from xats_tui.clients.launch import (
    bridge_command,
    compact_json,
    has_flag,
)
from xats_tui.clients.setup.config_files import HOOKS, ConfigFile, NotUnderstood
from xats_tui.clients.setup.json_hooks import hook_entry
from xats_tui.clients.setup.own_command import flag_value, hook_line, pid_path_of
from xats_tui.clients.setup.program import ConfigContext, ConfigScope
from xats_tui.clients.setup.rewriting import plain_text
from xats_tui.clients.spec import SERVER
from xats_tui.core.model.launches import ClientStart, LaunchCommand, LaunchRequest


def start(wanted: LaunchRequest, means: LaunchCommand, environment: Mapping[str, str]) -> ClientStart:
    program, *arguments = bridge_command(wanted, means)
    entry = {"command": program, "args": arguments, ALWAYS_LOAD.name: ALWAYS_LOAD.value}
    servers = {"mcpServers": {SERVER: entry}}
    # With `=`: these options take as many words as follow, and would swallow a prompt.
    flags = [f"--mcp-config={compact_json(servers)}"]
    if not wanted.asks_first:
        flags.append(f"--allowedTools=mcp__{SERVER}")
    if not has_flag(wanted.extra, "--settings"):
        reported = set() if has_flag(wanted.extra, "--setting-sources") else _reported(wanted, means, environment)
        if hooks := _hooks(means, reported):
            flags += ["--settings", compact_json({"hooks": hooks})]
    return ClientStart(command=(means.program, *flags, *wanted.extra))


def _hooks(means: LaunchCommand, reported: Collection[str]) -> dict[str, Any]:
    """Return the hooks of the events that no settings file reports."""
    silent = [event for event in SPEC.hooks.set_up if event not in reported] if SPEC.hooks else []
    return {event: [{"hooks": [hook_entry(SPEC, event, hook_line(means.hook, SPEC, event))]}] for event in silent}


def _reported(wanted: LaunchRequest, means: LaunchCommand, environment: Mapping[str, str]) -> set[str]:
    """Return the events that the settings files report to this coordinator: a second hook would run beside theirs."""
    home = Path(environment.get("HOME") or Path.home())
    around = ConfigContext(home=home, project=wanted.folder, environment=environment)
    files = [file for scope in ConfigScope for file in PROGRAM.files(scope, around)]
    runs = [run for file in (*files, *PROGRAM.elsewhere(around)) if file.holds == HOOKS for run in _runs(file)]
    return {event for event, line in runs if _reports_here(shlex.split(line), means, environment)}


def _runs(file: ConfigFile) -> tuple[tuple[str, str], ...]:
    try:
        found = file.found(plain_text(file.path))
    except NotUnderstood:  # Claude Code does not read it either
        return ()
    return found.runs if found else ()


def _reports_here(line: Sequence[str], means: LaunchCommand, environment: Mapping[str, str]) -> bool:
    """Tell whether a hook's command works and finds the same coordinator as this launch's own."""
    is_plain = not any(flag_value(line, flag) for flag in ("--home", "--pid-file"))
    if is_plain and any(environment.get(name) for name in ("XATS_HOME", "XATS_PID_FILE")):
        return False  # whether the pane will have the variable, too, cannot be told here
    is_there = shutil.which(line[0], path=environment.get("PATH")) is not None
    return is_there and pid_path_of(line) == pid_path_of(means.hook)
