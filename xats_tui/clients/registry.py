"""The registry of clients: every folder of `clients/` that holds a `spec.py`, and every manifest.

The specs of folders are imported at once, manifests when a name is looked up that no folder has; readers, configuration
and launch are imported when they are first asked for.  A user's manifests may change while the program runs, so what
depends on them is a function.
"""

import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xats_tui.clients.hook_table import HookAnswer, HookTable
from xats_tui.clients.spec import ClientSpec, OwnServer
from xats_tui.core.model.labels import CUSTOM, ClientId

if TYPE_CHECKING:  # the bridge looks up names only, and starts without what these import
    from xats_tui.clients.launch import Starter
    from xats_tui.clients.manifests.files import UserManifests
    from xats_tui.clients.manifests.manifest import Manifest
    from xats_tui.clients.manifests.tables import Source
    from xats_tui.clients.permission_hooks import HookReader
    from xats_tui.clients.setup.program import ClientProgram
    from xats_tui.core.model.panes import PaneReading, Prompt
    from xats_tui.core.screen.ansi_grid import ScreenLine

    ScreenReader = Callable[[Sequence[ScreenLine], Mapping[str, Any]], PaneReading]
    DialogReader = Callable[[Sequence[ScreenLine], Mapping[str, Any]], Prompt | None]

HERE = Path(__file__).parent


def _found() -> dict[str, ClientSpec]:
    """Return the specs by the names of their folders, in the order of lists."""
    folders = [module.name for module in pkgutil.iter_modules([str(HERE)]) if module.ispkg]
    with_spec = [folder for folder in folders if (HERE / folder / "spec.py").is_file()]
    found = {folder: import_module(f"{__package__}.{folder}.spec").SPEC for folder in with_spec}
    return dict(sorted(found.items(), key=lambda item: (item[1].order, item[1].id)))


_FOLDERS = _found()

_WITH_FOLDER: Mapping[ClientId, ClientSpec] = {spec.id: spec for spec in _FOLDERS.values()}


class _Manifests:
    """The manifests in force: a user's own one takes the place of a built-in one with the same id."""

    def __init__(self) -> None:
        self._all: Mapping[ClientId, Manifest] | None = None
        self._home: Path | None = None
        self.revision = 0

    @property
    def all(self) -> "Mapping[ClientId, Manifest]":
        """All manifests by the ids of their clients."""
        if self._all is None:
            self._all = self._read()[0]
        return self._all

    def look_in(self, home: Path) -> None:
        """Read the user's manifests in this home when they are first needed."""
        self._home, self._all = home, None
        self.revision += 1

    def use(self, home: Path) -> "UserManifests":
        """Read the user's manifests in this home now."""
        self._home = home
        self._all, found = self._read()
        self.revision += 1
        return found

    def add(self, source: "Source") -> None:
        """Check one more manifest, and use it."""
        from xats_tui.clients.manifests.files import checked_beside

        known = [*_WITH_FOLDER.values(), *(manifest.spec for manifest in self.all.values())]
        manifest = checked_beside(source, known, _WITH_FOLDER, has_python_reader)
        self._all = {**self.all, manifest.spec.id: manifest}
        self.revision += 1

    def _read(self) -> "tuple[Mapping[ClientId, Manifest], UserManifests]":
        # Deferred: a bridge whose host has a folder here starts earlier without them.
        from xats_tui.clients.manifests.files import FOLDER, NO_MANIFESTS, builtin, read

        known = (*_WITH_FOLDER.values(), *(manifest.spec for manifest in builtin().values()))
        folder = self._home / FOLDER if self._home else None
        found = read(folder, known, _WITH_FOLDER, has_python_reader) if folder and folder.is_dir() else NO_MANIFESTS
        return {**builtin(), **found.manifests}, found


_MANIFESTS = _Manifests()


class _Clients(Mapping[ClientId, ClientSpec]):
    """All clients by id, in the order of lists; the view follows the manifests."""

    def __getitem__(self, client: ClientId) -> ClientSpec:
        return _WITH_FOLDER[client] if client in _WITH_FOLDER else _MANIFESTS.all[client].spec

    def __iter__(self) -> Iterator[ClientId]:
        specs = (*_WITH_FOLDER.values(), *(manifest.spec for manifest in _MANIFESTS.all.values()))
        return iter([spec.id for spec in sorted(specs, key=lambda spec: (spec.order, spec.id))])

    def __len__(self) -> int:
        return len(_WITH_FOLDER) + len(_MANIFESTS.all)


CLIENTS: Mapping[ClientId, ClientSpec] = _Clients()
"""Every known client by its id."""

CODED_IDS: tuple[ClientId, ...] = tuple(_WITH_FOLDER)
"""The clients with a folder of code."""

DOCUMENTED_IDS: tuple[ClientId, ...] = (*CODED_IDS, CUSTOM)
"""The clients that the schema of a registration lists; it takes the id of every other known client, too."""

# What follows needs code of the client's own, so no manifest can claim it.

MAX_HINT_CHARS = min(spec.max_hint_chars for spec in _WITH_FOLDER.values() if spec.max_hint_chars)
"""Characters of a hint that every client shows as text."""

PLAIN_HOOKS = HookTable(
    events=tuple(event for spec in _WITH_FOLDER.values() if spec.hooks for event in spec.hooks.events),
    answer=HookAnswer.BLOCK,
)
"""The hooks of a command line that does not say whose they are: the form that the clients with a folder share."""

CHANNEL_CLIENT = next(spec.id for spec in _WITH_FOLDER.values() if spec.has_channel)
"""The client that a channel carries wakes to."""

THREAD_CLIENT = next(spec.id for spec in _WITH_FOLDER.values() if spec.has_threads)
"""The client that is woken by turns on threads."""

ANNOUNCED_CLIENT = next(spec.id for spec in _WITH_FOLDER.values() if spec.pane_is_announced)
"""The client whose panes a launcher announces."""

MODEL_SERVER = next(spec.server for spec in _WITH_FOLDER.values() if spec.server)
"""The server whose paths and requests the servers of other clients have, too."""


def use_manifests(home: Path) -> "UserManifests":
    """Read the user's manifests in this home, and use those that are valid from now on; the others count as none."""
    return _MANIFESTS.use(home)


def try_manifest(source: "Source") -> None:
    """Check a manifest and use it in this process, as if it lay in the home.

    Raises:
        BadManifest: it cannot be used.
    """
    _MANIFESTS.add(source)


def has_part(client: str, module: str) -> bool:
    """Tell whether a client's folder holds this module."""
    folder = next((folder for folder, spec in _FOLDERS.items() if spec.id == client), None)
    return folder is not None and (HERE / folder / f"{module}.py").is_file()


def look_in(home: Path) -> None:
    """Read the user's manifests in this home when a name is first looked up that no client with a folder has."""
    _MANIFESTS.look_in(home)


def revision() -> int:
    """Return a number that changes whenever the manifests do."""
    return _MANIFESTS.revision


def manifest_of(client: str | None) -> "Manifest | None":
    """Return the manifest of a client; None if it has a folder of its own, or is unknown."""
    return None if client is None or client in _WITH_FOLDER else _MANIFESTS.all.get(client)


def client_ids() -> tuple[ClientId, ...]:
    """Return the clients that a registration can name."""
    return (*CLIENTS, CUSTOM)


def is_read(client: str | None) -> bool:
    """Tell whether a client's screens have a reader of their own; all others share the generic reader."""
    return screen_reader(client) is not None


def hook_table(client: str) -> HookTable | None:
    """Return the hooks of a client, of `PLAIN_HOOKS` if none is named; None if it has none, or is not known."""
    if not client:
        return PLAIN_HOOKS
    spec = CLIENTS.get(client)
    return spec.hooks if spec else None


def proves_idle(client: str | None) -> bool:
    """Tell whether a reader in Python reads a client's screens; rules of a manifest are trusted less."""
    manifest = manifest_of(client)
    return has_python_reader(manifest.reader if manifest else client)


def has_python_reader(client: str | None) -> bool:
    """Tell whether a client's folder holds a reader."""
    return _python_reader(client) is not None


def known_client(text: object) -> ClientId | None:
    """Return a stored client's id; `custom` for a client that is known no longer, and None for what is no id."""
    if not isinstance(text, str) or not text:
        return None
    return text if text == CUSTOM or text in CLIENTS else CUSTOM


def by_executable(name: str) -> ClientId | None:
    """Return the client that an executable, script or package of this name belongs to."""
    said = name.lower()
    return _EXECUTABLES.get(said) or _executables_of_manifests(_MANIFESTS.revision).get(said)


_EXECUTABLES: Mapping[str, ClientId] = {name: spec.id for spec in _WITH_FOLDER.values() for name in spec.executables}


@lru_cache(maxsize=1)
def _executables_of_manifests(revision: int) -> Mapping[str, ClientId]:
    """Return the executables that manifests name; asked for each process of the machine, so kept until they change."""
    return {name: one.spec.id for one in _MANIFESTS.all.values() for name in one.spec.executables}


def packages() -> frozenset[str]:
    """Return the folders that scripts of clients lie in."""
    return frozenset().union(*(spec.packages for spec in CLIENTS.values()))


def own_server(client: str | None) -> OwnServer | None:
    """Return what is known of a client's own server; None if the client cannot have one, or is unknown."""
    spec = CLIENTS.get(client or "")
    return spec.server if spec else None


def by_handshake(name: str) -> ClientId | None:
    """Return the client that gives this name in its MCP handshake."""
    return _by_handshake(name[:MAX_HANDSHAKE_CHARS], _MANIFESTS.revision)


MAX_HANDSHAKE_CHARS = 200
"""Characters of a name that are looked at, more than any client's name has."""


@lru_cache(maxsize=64)
def _by_handshake(name: str, revision: int) -> ClientId | None:
    """Return the client of a handshake; asked for each call of a tool, so kept until the manifests change."""
    return _first(lambda spec: spec.is_named(name))


def shows_prompts(name: object) -> bool:
    """Return whether the client that gives this name in its MCP handshake offers prompts to the person."""
    return isinstance(name, str) and any(spec.shows_prompts and spec.is_named(name) for spec in _WITH_FOLDER.values())


def by_environment(environment: Mapping[str, str]) -> tuple[ClientId, str] | None:
    """Return the client whose mark an environment holds, and the mark's variable.

    Grandchildren inherit such marks, so they count only where nothing else tells.
    """
    # Manifests first: a client that was made out of another one, as Kilo was, still sets the other's mark.
    specs = (*(manifest.spec for manifest in _MANIFESTS.all.values()), *_WITH_FOLDER.values())
    marked = (spec for spec in specs if spec.environment_mark and environment.get(spec.environment_mark))
    found = next(marked, None)
    return (found.id, found.environment_mark) if found else None


def _first(fits: Callable[[ClientSpec], bool]) -> ClientId | None:
    """Return the first client that fits; manifests are read only if no client with a folder does."""
    found = next((spec.id for spec in _WITH_FOLDER.values() if fits(spec)), None)
    return found or next((one.spec.id for one in _MANIFESTS.all.values() if fits(one.spec)), None)


def with_self_tool(tool: str) -> ClientSpec | None:
    """Return the client that registers itself by this tool."""
    return next((spec for spec in _WITH_FOLDER.values() if spec.self_tool == tool), None)


def screen_reader(client: str | None) -> "ScreenReader | None":
    """Return the function that reads the state of a pane off a client's screen."""
    manifest = manifest_of(client)
    if manifest is None:
        return _python_reader(client)
    if manifest.reader:
        return _python_reader(manifest.reader)
    # Deferred: the bridge reads no screens.
    from xats_tui.clients.manifests.screen_rules import read_by, unread

    return partial(read_by, manifest.screen) if manifest.screen else partial(unread, manifest.spec.title)


def _python_reader(client: str | None) -> "ScreenReader | None":
    reader: ScreenReader | None = _part(client, "screen", "read_screen")
    return reader


def dialog_reader(client: str | None) -> "DialogReader | None":
    """Return the function that reads the dialog on a client's screen."""
    reader: DialogReader | None = _part(client, "dialog", "read_dialog")
    return reader


def hook_reader(client: str | None) -> "HookReader | None":
    """Return the function that reads the question in the event of a client's permission hook."""
    reader: HookReader | None = _part(client, "permission_request", "read_request")
    return reader


def starter(client: str) -> "Starter":
    """Return the function that makes the command line of a client's start."""
    manifest = manifest_of(client)
    if manifest is not None:
        from xats_tui.clients.manifests.described_program import described_start

        return partial(described_start, manifest)
    start: Starter | None = _part(client, "launch", "start")
    assert start is not None, f"clients/{client} has no launch.py"
    return start


def launchable() -> tuple[ClientId, ...]:
    """Return the clients that `xats-tui launch` can start."""
    coded = {spec.id for folder, spec in _FOLDERS.items() if (HERE / folder / "launch.py").is_file()}
    described = {client for client, manifest in _MANIFESTS.all.items() if manifest.is_launchable}
    return tuple(client for client in CLIENTS if client in coded | described)


def configurations() -> "tuple[ClientProgram, ...]":
    """Return the configuration files of all clients that can be set up, in the order of lists."""
    from xats_tui.clients.manifests.described_program import described_program

    found: list[ClientProgram | None] = []
    for client in CLIENTS:
        manifest = manifest_of(client)
        found.append(described_program(manifest) if manifest else _part(client, "config_files", "PROGRAM"))
    return tuple(program for program in found if program is not None)


@cache
def _part(client: str | None, module: str, name: str) -> Any:
    """A name of a module in a client's folder; None if the client is unknown or has no such module."""
    folder = next((folder for folder, spec in _FOLDERS.items() if spec.id == client), None)
    if folder is None or not (HERE / folder / f"{module}.py").is_file():
        return None
    return getattr(import_module(f"{__package__}.{folder}.{module}"), name)
