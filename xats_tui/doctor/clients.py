"""Checks of the clients: installation, and their configuration for xats."""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from xats_tui.backend.panes.tested_versions import newer_than_tested
from xats_tui.clients.registry import configurations
from xats_tui.clients.setup.config_files import (
    ALLOW_RULE,
    EXTENSION,
    HOOKS,
    MCP_SERVER,
    ConfigFile,
    NotUnderstood,
    OwnEntry,
)
from xats_tui.clients.setup.hooks_once import doubled
from xats_tui.clients.setup.own_command import flag_value, is_ours
from xats_tui.clients.setup.program import ClientProgram, ConfigScope
from xats_tui.clients.setup.rewriting import plain_text
from xats_tui.doctor.finding import Case, Finding, ok, problem, skipped, warning
from xats_tui.runtime.console import short
from xats_tui.runtime.settings import SECRET

TOKEN_FLAG = "--token"


def clients(case: Case) -> Iterator[Finding]:
    """Check every known client."""
    known = configurations()
    installed = [client for client in known if client.where(case.environment)]
    for client in installed:
        yield from _client(client, case)
    if missing := [client.title for client in known if client not in installed]:
        yield skipped("other clients", f"not installed: {', '.join(missing)}")


def _client(client: ClientProgram, case: Case) -> Iterator[Finding]:
    try:
        version = client.version(case.environment) or "of unknown version"
    except OSError as error:
        yield problem(
            client.title, f"{client.program} cannot be started: {error.strerror}", f"reinstall {client.program}"
        )
        return
    if note := newer_than_tested(client.name, version):
        yield warning(f"{client.title} screens", note, f"update xats-tui if an idle {client.program} is not woken")
    try:
        standing = _standing(client, case)
    except NotUnderstood as error:
        yield problem(client.title, str(error), f"correct it: {client.program} cannot read it either")
        return
    servers = [(file, found) for file, found in standing if file.holds == MCP_SERVER]
    hooks = [(file.path, found) for file, found in standing if file.holds == HOOKS]
    rules = [(file, found) for file, found in standing if file.holds == ALLOW_RULE]
    setup = f"xats-tui setup {client.name}"
    if not servers:
        yield warning(client.title, f"{version}, not set up", setup)
        return
    for file, found in servers:
        yield _server(client, version, file, found, case)
    if any(file.holds == HOOKS for file in client.files(ConfigScope.USER, case.around)):
        yield _hooks(client, hooks, case)
    yield _rules(client, rules, case)
    for file in client.files(ConfigScope.USER, case.around):
        if file.holds == EXTENSION:
            yield _extension(client, file, case)


def _extension(client: ClientProgram, file: ConfigFile, case: Case) -> Finding:
    """Check that the client loads the extension of this version, for this home."""
    topic, setup, text = f"{client.title} extension", f"xats-tui setup {client.name}", plain_text(file.path)
    if file.found(text) is None:
        return warning(topic, "none: it is woken in its pane only", setup)
    if file.added(text, case.own) != text:
        return warning(topic, f"{short(file.path)} is of another version, or for another home", setup)
    return ok(topic, short(file.path))


def _standing(client: ClientProgram, case: Case) -> list[tuple[ConfigFile, OwnEntry]]:
    """Return the entries of xats in the client's files, of the user and of this folder.

    Raises:
        NotUnderstood: a file cannot be parsed.
    """
    files = [
        *client.elsewhere(case.around),
        *(file for scope in ConfigScope for file in client.files(scope, case.around)),
    ]
    pairs = [(file, file.found(plain_text(file.path))) for file in dict.fromkeys(files)]
    return [(file, found) for file, found in pairs if found is not None]


def _server(client: ClientProgram, version: str, file: ConfigFile, found: OwnEntry, case: Case) -> Finding:
    setup = f"xats-tui setup {client.name}"
    place = f"{version}, {short(file.path)}"
    if not found.enabled:
        return warning(client.title, f"{place}: xats is switched off", setup)
    if not found.command:
        return _options(client, file, found, case) or ok(client.title, f"{place}: xats over HTTP")
    command = found.command[0]
    if (program := shutil.which(command, path=case.environment.get("PATH"))) is None:
        return problem(client.title, f"{place}: xats starts {command}, which is not there", setup)
    if not is_ours(found.command):
        return warning(client.title, f"{place}: xats starts {command}, which is another program", setup)
    if (elsewhere := _home_in(found.command)) != case.loaded.settings.home and elsewhere is not None:
        return warning(
            client.title,
            f"{place}: uses another home, {short(elsewhere)}",
            f"{setup}, or --home {short(elsewhere)} here",
        )
    if not _is_this_installation(program, found.command, case):
        return warning(client.title, f"{place}: starts another installation, {program}", setup)
    return _options(client, file, found, case) or ok(client.title, f"{place}: {_told(found.command)}")


def _options(client: ClientProgram, file: ConfigFile, found: OwnEntry, case: Case) -> Finding | None:
    """Return a warning if the server's entry lacks an option; None if it has all of them."""
    if not found.lacks:
        return None
    option, *_ = found.lacks
    told = f"{short(file.path)} lacks {option.name}: {option.without}"
    scope = next((scope for scope in ConfigScope if file in client.files(scope, case.around)), None)
    if scope is None or not found.command:  # setup does not write there, or would make it a server that is started
        by_hand = json.dumps({option.name: option.value})[1:-1]
        return warning(client.title, told, f"put {by_hand} into the entry of xats in {short(file.path)}")
    return warning(client.title, told, _setup(client, scope))


def _setup(client: ClientProgram, scope: ConfigScope) -> str:
    return f"xats-tui setup {client.name}{' --scope project' * (scope is ConfigScope.PROJECT)}"


def _hooks(client: ClientProgram, hooks: Sequence[tuple[Path, OwnEntry]], case: Case) -> Finding:
    topic, setup = f"{client.title} hooks", f"xats-tui setup {client.name}"
    if not hooks:
        return warning(topic, "none: it reads its messages at the end of a turn only if woken", setup)
    wanted = client.spec.hooks.set_up if client.spec.hooks else ()
    missing = [event for event in wanted if not any(event in found.events for _, found in hooks)]
    command = hooks[0][1].command[0]
    if shutil.which(command, path=case.environment.get("PATH")) is None:
        return problem(topic, f"they run {command}, which is not there", setup)
    if missing:
        return warning(topic, f"none for {', '.join(missing)}", setup)
    if twice := doubled(client, hooks):
        events, paths = ", ".join(twice), dict.fromkeys(short(path) for each in twice.values() for path in each)
        return warning(topic, f"run more than once for {events}: {', '.join(paths)}", setup)
    if unreviewed := client.unreviewed(case.around):
        told = f"not run before you have reviewed them: {', '.join(unreviewed)}"
        return warning(topic, told, f"start {client.program} and let it trust them, or enter /hooks there")
    return ok(topic, f"all {len(wanted)}: {_told(hooks[0][1].command)}")


def _rules(client: ClientProgram, rules: Sequence[tuple[ConfigFile, OwnEntry]], case: Case) -> Finding:
    """Check that a woken agent may read its messages without approval."""
    topic, setup = f"{client.title} rules", f"xats-tui setup {client.name}"
    allowed = [file for file, found in rules if found.allows]
    for file, found in rules:
        if found.against:
            told = f"a woken agent stops at what {short(file.path)} does not allow: {', '.join(found.against)}"
            here = file in client.files(ConfigScope.PROJECT, case.around)
            return warning(
                topic, told, found.remedy or _setup(client, ConfigScope.PROJECT if here else ConfigScope.USER)
            )
    if not allowed and client.asks_about_tools:
        return warning(topic, "none: it asks before each xats tool, so a woken agent stops at get_inbox", setup)
    return ok(topic, f"the xats tools need no approval{f', {short(allowed[0].path)}' if allowed else ''}")


def _told(command: Sequence[str]) -> str:
    """Return a command line without its token."""
    # People show the doctor's report to others.
    shown: list[str] = []
    for word in command:
        if shown and shown[-1] == TOKEN_FLAG:
            shown.append(SECRET)
        else:
            shown.append(f"{TOKEN_FLAG}={SECRET}" if word.startswith(f"{TOKEN_FLAG}=") else word)
    return " ".join(shown)


def _home_in(command: Sequence[str]) -> Path | None:
    """Return the home that a command line names."""
    named = flag_value(command, "--home")
    return Path(named).expanduser() if named else None


def _is_this_installation(program: str, command: Sequence[str], case: Case) -> bool:
    if len(case.own.program) > 1 or command[1:2] == ("-m",):
        return True  # started through a Python: from here one cannot see which package that finds
    own = shutil.which(case.own.program[0], path=case.environment.get("PATH"))
    return own is not None and os.path.realpath(own) == os.path.realpath(program)
