"""The program of a client that a manifest describes: its configuration files, and the command line of its launch."""

import json
import shlex
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from xats_tui.clients.launch import as_table, bridge_command, compact_json, with_own_server
from xats_tui.clients.manifests.manifest import Manifest
from xats_tui.clients.manifests.setup_file import (
    BRIDGE,
    CONFIG,
    ENVIRONMENT,
    LIST,
    REGISTER,
    SCRIPTS,
    HooksPlace,
    Location,
    SetupTable,
)
from xats_tui.clients.setup.allow_rules import ListedRule, PatternRule, PlacedRule
from xats_tui.clients.setup.config_files import ConfigFile, NotUnderstood
from xats_tui.clients.setup.json_hooks import HookShape, JsonHooks
from xats_tui.clients.setup.own_command import OwnCommand, pid_path_of
from xats_tui.clients.setup.own_files import ExtensionFile, HookScript
from xats_tui.clients.setup.program import ClientProgram, ConfigContext, ConfigScope
from xats_tui.clients.setup.rewriting import plain_text
from xats_tui.clients.setup.servers import Servers, one_of
from xats_tui.clients.spec import SERVER, ClientSpec
from xats_tui.core.errors import Refusal
from xats_tui.core.model.launches import ClientStart, LaunchCommand, LaunchRequest


def described_program(manifest: Manifest) -> ClientProgram | None:
    """Return the program that can be set up; None if the manifest does not say how."""
    table = manifest.setup
    if table is None:
        return None
    return ClientProgram(
        spec=manifest.spec,
        files=partial(_files, manifest, table),
        asks_about_tools=table.allow is not None and not table.allow.pattern,
        hooks_note=table.hooks.note if table.hooks else "",
        project_note=table.project_note,
    )


def _files(manifest: Manifest, table: SetupTable, scope: ConfigScope, around: ConfigContext) -> tuple[ConfigFile, ...]:
    if scope is ConfigScope.PROJECT and not table.servers.project:
        return ()
    servers = _servers(table, scope, around)
    found: list[ConfigFile] = [servers]
    # Hooks and extensions of two places would run side by side, so only the user has them.
    if scope is ConfigScope.USER and table.hooks:
        found += _hooks(manifest.spec, table, table.hooks, around)
    if scope is ConfigScope.USER and table.extension and manifest.extension_path:
        source = manifest.extension_path.read_text(encoding="utf-8")
        found.append(ExtensionFile(path=_folder(table, around) / table.extension, source=source))
    rule = _rule(table, servers, scope, around)
    return (*found, rule) if rule else tuple(found)


def _servers(table: SetupTable, scope: ConfigScope, around: ConfigContext) -> Servers:
    return one_of(_paths(table, table.servers, scope, around), partial(_servers_in, table))


def _servers_in(table: SetupTable, path: Path) -> Servers:
    return Servers(
        path=path,
        form=table.servers.form,
        place=table.place,
        command_is_list=table.command_is_list,
        kind=table.kind,
        options=table.options,
    )


def _rule(table: SetupTable, servers: Servers, scope: ConfigScope, around: ConfigContext) -> ConfigFile | None:
    """Return the rule that lets the model call our tools; None if it asks nobody, or the scope has no place for it."""
    allow = table.allow
    if allow is None or (allow.user_only and scope is ConfigScope.PROJECT):
        return None
    if allow.value is not None:
        place = (*servers.entry_place, *allow.place) if allow.in_entry else allow.place
        return PlacedRule(servers=servers, place=place, value=allow.value, counts=allow.counts)
    if allow.at and scope is ConfigScope.PROJECT and not allow.at.project:
        return None
    path = _paths(table, allow.at, scope, around)[-1] if allow.at else servers.path
    form = allow.at.form if allow.at else servers.form
    if allow.pattern:
        return PatternRule(path=path, form=form, place=allow.place, pattern=allow.pattern)
    return ListedRule(path=path, form=form, place=allow.place, rule=allow.item)


def _hooks(spec: ClientSpec, table: SetupTable, hooks: HooksPlace, around: ConfigContext) -> list[ConfigFile]:
    path = _paths(table, hooks.at, ConfigScope.USER, around)[-1]
    if hooks.form == SCRIPTS and spec.hooks:
        return [HookScript(path=path / event, spec=spec, event=event) for event in spec.hooks.set_up]
    shape = HookShape(is_grouped=hooks.form != LIST, line=hooks.line, members=hooks.members)
    return [JsonHooks(path=path, spec=spec, form=hooks.at.form, shape=shape)]


def _paths(table: SetupTable, at: Location, scope: ConfigScope, around: ConfigContext) -> list[Path]:
    if scope is ConfigScope.PROJECT:
        return [around.project / at.project]
    return [_folder(table, around) / path for path in at.user]


def _folder(table: SetupTable, around: ConfigContext) -> Path:
    chosen = around.folder(table.folder_variable) if table.folder_variable else None
    return chosen or around.home / table.folder


def described_start(
    manifest: Manifest, wanted: LaunchRequest, means: LaunchCommand, environment: Mapping[str, str]
) -> ClientStart:
    """Return the command line that starts a client as an agent.

    Raises:
        Refusal: `not_set_up`: the program's own configuration has to start the bridge, and does not.
    """
    launch, table = manifest.launch, manifest.setup
    assert launch is not None and table is not None  # `checked` refuses a manifest that has one only
    arguments, variables = (*launch.arguments, *(() if wanted.asks_first else launch.allow)), launch.environment
    if launch.name_goes_by == BRIDGE:
        config = _config(table, wanted, means)
        arguments = tuple(part.replace(CONFIG, compact_json(config)) for part in arguments)
        variables = {
            name: compact_json(_merged(_own_config(environment, name), config)) if CONFIG in value else value
            for name, value in variables.items()
        }
    else:
        _check_set_up(manifest, table, wanted, means, environment)
        arguments = tuple(part.replace(REGISTER, _prompt(wanted)) for part in arguments)
        variables = {**variables, **(_named(wanted) if launch.name_goes_by == ENVIRONMENT else {})}
    start = ClientStart(command=(means.program, *arguments, *wanted.extra), environment=variables)
    return with_own_server(start, manifest.spec.server, wanted, means)


def _prompt(wanted: LaunchRequest) -> str:
    """Return a prompt that has the model register."""
    role = f", role {json.dumps(wanted.role)}" if wanted.role else ""
    name, team = json.dumps(wanted.name), json.dumps(wanted.team)
    return f"Register to xats: call its tool register_agent with name {name}, team {team}{role}."


def _config(table: SetupTable, wanted: LaunchRequest, means: LaunchCommand) -> dict[str, Any]:
    """Return a configuration with our server, which registers the agent, and with the rule if it is beside it."""
    servers = _servers_in(table, Path())
    config: Any = {SERVER: servers.new_entry(bridge_command(wanted, means))}
    for key in reversed(servers.place):
        config = {key: config}
    around = ConfigContext(home=Path(), project=Path(), environment={})
    rule = None if wanted.asks_first else _rule(table, servers, ConfigScope.USER, around)
    if isinstance(rule, PlacedRule):
        config = json.loads(rule.added(json.dumps(config), OwnCommand(program=means.bridge)))
    return as_table(config)


def _own_config(environment: Mapping[str, str], variable: str) -> dict[str, Any]:
    """Return the configuration that the user hands to the program in this variable; none if it is none."""
    try:
        return as_table(json.loads(environment.get(variable) or "{}"))
    except ValueError:
        return {}


def _merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Return both objects in one; our server replaces one that has its name."""
    merged = dict(first)
    for key, value in second.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping) and key != SERVER
        merged[key] = _merged(merged[key], value) if both else value
    return merged


def _named(wanted: LaunchRequest) -> dict[str, str]:
    """Return the variables in which a bridge finds the agent's name."""
    role = {"XATS_ROLE": wanted.role} if wanted.role else {}
    return {"XATS_NAME": wanted.name, "XATS_TEAM": wanted.team, **role}


def _check_set_up(
    manifest: Manifest, table: SetupTable, wanted: LaunchRequest, means: LaunchCommand, environment: Mapping[str, str]
) -> None:
    """Refuse a launch whose agent would not register with this coordinator.

    Raises:
        Refusal: `not_set_up`.
    """
    spec = manifest.spec
    home = Path(environment.get("HOME") or Path.home())
    around = ConfigContext(home=home, project=wanted.folder, environment=environment)
    commands = [_command(_servers(table, scope, around)) for scope in ConfigScope if scope in _scopes(table)]
    if not any(commands):
        told = f"{spec.title} does not start the bridge yet: run xats-tui setup {spec.id} first"
        raise Refusal("not_set_up", sentence=told)
    if not any(command and pid_path_of(command) == pid_path_of(means.bridge) for command in commands):
        line = shlex.join(next(filter(None, commands)))
        told = f"{spec.title} is set up for another coordinator ({line}): run xats-tui setup {spec.id} with your --home"
        raise Refusal("not_set_up", sentence=told)


def _scopes(table: SetupTable) -> tuple[ConfigScope, ...]:
    return tuple(ConfigScope) if table.servers.project else (ConfigScope.USER,)


def _command(servers: Servers) -> tuple[str, ...]:
    """Return the command of our server in a file; empty if there is none."""
    try:
        found = servers.found(plain_text(servers.path))
    except NotUnderstood:  # the program says so itself
        return ()
    return found.command if found and found.enabled else ()
