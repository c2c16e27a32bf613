"""The parts of a manifest that say what is set up for a client, and how it is launched."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from xats_tui.clients.manifests.tables import Table
from xats_tui.clients.setup.config_files import ServerOption
from xats_tui.clients.setup.documents import JSON, JSONC, TOML, DocumentFormat

FORMATS: Mapping[str, DocumentFormat] = {"json": JSON, "jsonc": JSONC, "toml": TOML}

INCOMPLETE = "it is not complete"
"""Consequence of a server's entry that lacks a member, where a manifest does not say more."""

GROUPS, LIST, SCRIPTS = "groups", "list", "scripts"
"""Forms of hooks: groups of them for each event, as Claude Code has them; a list for each event; a file for each."""

BRIDGE, ENVIRONMENT, PROMPT = "bridge", "environment", "prompt"
"""Ways in which an agent gets its name: its bridge's command line, the program's environment, or its first prompt."""

CONFIG = "{config}"
"""Part of an argument or a variable that stands for the configuration with our server, as JSON."""

REGISTER = "{register}"
"""Part of an argument that stands for a prompt which has the model register."""


class Location(Struct, frozen=True, kw_only=True):
    """The places where a client looks for a file."""

    user: tuple[str, ...]
    """Paths below the client's own folder, the one that counts more first."""
    project: str
    """Path below a project's folder; empty if the project has none."""
    form: DocumentFormat


class AllowTable(Struct, frozen=True, kw_only=True):
    """The rule by which the model calls our tools unasked: one of a value, a list's item, and a pattern."""

    at: Location | None
    """Its file; None for that of the server."""
    place: tuple[str, ...]
    value: Any = None
    """The value at that place; None if it is a list or an object of patterns."""
    in_entry: bool = False
    """True if the place is in the entry of our server."""
    counts: tuple[str, ...] = ()
    """The members of the value that decide; all of them if empty."""
    item: Any = None
    """The item of the list at that place."""
    pattern: str = ""
    """The key in the object of patterns at that place."""
    user_only: bool = False
    """True if a project's file cannot hold it."""


class HooksPlace(Struct, frozen=True, kw_only=True):
    """The place of the client's hooks, and their form."""

    at: Location
    form: str
    """`GROUPS`, `LIST` or `SCRIPTS`."""
    line: str
    """The member with the command line."""
    members: Mapping[str, Any]
    """Further members of each hook."""
    note: str


class SetupTable(Struct, frozen=True, kw_only=True):
    """The table `[setup]`: everything that is set up for a client."""

    folder: str
    """The client's own folder, below the home."""
    folder_variable: str
    """The variable that names another one; empty if there is none."""
    servers: Location
    place: tuple[str, ...]
    """The object that lists the servers."""
    command_is_list: bool
    kind: str
    options: tuple[ServerOption, ...]
    allow: AllowTable | None
    hooks: HooksPlace | None
    extension: str
    """Path below the folder for the extension; empty if it loads none."""
    project_note: str


class LaunchTable(Struct, frozen=True, kw_only=True):
    """The table `[launch]`: the command line that starts a client as an agent."""

    arguments: tuple[str, ...]
    allow: tuple[str, ...]
    """Further arguments, that let it call our tools unasked."""
    environment: Mapping[str, str]
    name_goes_by: str
    """`BRIDGE`, `ENVIRONMENT` or `PROMPT`."""


def setup_in(table: Table, *, has_hooks: bool, has_extension: bool) -> SetupTable:
    """Parse the table `[setup]`.

    Args:
        table: the table.
        has_hooks: True if the manifest says what the client's hooks mean.
        has_extension: True if it names an extension.

    Raises:
        BadManifest: it cannot be used.
    """
    kind, options = _entry(table.table("entry"))
    allow, hooks = table.table("allow"), table.table("hooks")
    if hooks and not has_hooks:
        table.refuse("hooks", "[setup.hooks] needs [hooks], which says what the events mean")
    found = SetupTable(
        folder=_folder(table),
        folder_variable=table.text("folder_variable", ""),
        servers=_location(table, "file"),
        place=_place(table, "servers"),
        command_is_list=table.choice("command", ("words", "list"), "words") == "list",
        kind=kind,
        options=options,
        allow=_allow(allow) if allow else None,
        hooks=_hooks(hooks) if hooks else None,
        extension=_extension(table, has_extension=has_extension),
        project_note=table.text("project_note", ""),
    )
    table.end()
    return found


def launch_in(table: Table) -> LaunchTable:
    """Parse the table `[launch]`.

    Raises:
        BadManifest: it cannot be used.
    """
    variables = table.table("environment")
    found = LaunchTable(
        arguments=table.texts("arguments"),
        allow=table.texts("allow"),
        environment={key: variables.text(key) for key in variables.values} if variables else {},
        name_goes_by=table.choice("name_by", (BRIDGE, ENVIRONMENT, PROMPT)),
    )
    parts = (*found.arguments, *found.environment.values())
    for word, way in ((CONFIG, BRIDGE), (REGISTER, PROMPT)):
        if any(word in part for part in parts) != (found.name_goes_by == way):
            table.refuse("name_by", f'name_by = "{way}" needs {word} in an argument, and nothing else has it')
    table.end()
    return found


def _folder(table: Table) -> str:
    folder = table.text("folder", "")
    if folder and not _is_below(folder):
        table.refuse("folder", 'write folder = ".my-agent", a folder in the home, or leave it out for the home itself')
    return folder


def _extension(table: Table, *, has_extension: bool) -> str:
    path = table.text("extension", "")
    if path and not (has_extension and _is_below(path)):
        table.refuse("extension", 'extension is a path below the folder; extension = "FILE" above names the file')
    return path


def _entry(table: Table | None) -> tuple[str, tuple[ServerOption, ...]]:
    """Return the `type` of our server's entry, empty for none, and its further members."""
    if table is None:
        return "", ()
    members = {key: table.plain(key) for key in table.values}
    kind = members.pop("type", "")
    if not isinstance(kind, str):
        table.refuse("type", 'write type = "…", a text')
    return kind, tuple(_option(name, value) for name, value in members.items())


def _option(name: str, value: Any) -> ServerOption:
    return ServerOption(name=name, value=tuple(value) if isinstance(value, list) else value, without=INCOMPLETE)


def _location(table: Table, key: str) -> Location:
    user = (table.text(key),) if isinstance(table.values.get(key), str) else table.texts(key)
    project = table.text("project", "")
    if not user:
        table.refuse(key, f'write {key} = "settings.json", a path below the folder')
    for name, path in (*((key, path) for path in user), ("project", project or ".")):
        if not _is_below(path):
            table.refuse(
                name, f"{path!r} is not a path below the folder: write it without / at its start and without .."
            )
    return Location(user=user, project=project, form=FORMATS[table.choice("format", tuple(FORMATS), "json")])


def _is_below(path: str) -> bool:
    return bool(path) and not path.startswith(("/", "~")) and ".." not in path.split("/")


def _place(table: Table, key: str) -> tuple[str, ...]:
    parts = tuple(table.text(key).split("."))
    if not all(parts):
        table.refuse(key, f"write {key} as keys with dots between them, such as mcp.servers")
    return parts


def _allow(table: Table) -> AllowTable:
    at = _location(table, "file") if "file" in table else None
    kinds = [key for key in ("entry", "value", "list", "patterns") if key in table]
    if len(kinds) != 1:
        table.refuse("", "write one of entry, value, list and patterns into [setup.allow]")
    match kinds[0]:
        case "entry":
            entry = table.table("entry")
            members = {key: entry.plain(key) for key in entry.values} if entry else {}
            if len(members) != 1 or at:
                table.refuse("entry", "write entry = { trust = true }, one member of the entry in the server's file")
            ((name, value),) = members.items()
            found = AllowTable(at=None, place=(name,), value=value, in_entry=True)
        case "value":
            value, counts = table.plain("value"), table.texts("counts")
            if counts and not (isinstance(value, dict) and value.keys() >= set(counts)):
                table.refuse("counts", "counts names members of value")
            user_only = table.flag("user_only", False)
            found = AllowTable(at=None, place=_place(table, "place"), value=value, counts=counts, user_only=user_only)
        case "list":
            found = AllowTable(at=at, place=_place(table, "list"), item=table.plain("item"))
            if not found.item:
                table.refuse("item", 'write item = "…", what the list needs')
        case _:
            found = AllowTable(at=at, place=_place(table, "patterns"), pattern=table.text("pattern"))
    table.end()
    return found


def _hooks(table: Table) -> HooksPlace:
    form = table.choice("form", (GROUPS, LIST, SCRIPTS))
    members = table.table("entry")
    found = HooksPlace(
        at=_location(table, "file"),
        form=form,
        line=table.text("line", "command"),
        members={key: members.plain(key) for key in members.values} if members else {},
        note=table.text("note", ""),
    )
    table.end()
    return found
