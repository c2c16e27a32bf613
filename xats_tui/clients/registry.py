"""The registry of clients: every folder of `clients/` that holds a `spec.py`, and lookups by what a program shows.

The specs are imported at once; readers, configuration and launch are imported when they are first asked for.
"""

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xats_tui.clients.spec import ClientSpec
from xats_tui.core.model.agents import CUSTOM, ClientId

if TYPE_CHECKING:  # the bridge looks up names only, and starts without what these import
    from xats_tui.clients.launch import Starter
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

CLIENTS: Mapping[ClientId, ClientSpec] = {spec.id: spec for spec in _FOLDERS.values()}
"""Every known client by its id."""

CLIENT_IDS: tuple[ClientId, ...] = (*CLIENTS, CUSTOM)
"""The clients that a registration can name."""

MAX_HINT_CHARS = min(spec.max_hint_chars for spec in CLIENTS.values() if spec.max_hint_chars)
"""Characters of a hint that every client shows as text."""

HOOK_STATES = {event: state for spec in CLIENTS.values() for event, state in spec.hook_states.items()}
"""The pane state, as a value of `PaneState`, that each event of a hook announces."""

TURN_ENDS = frozenset(spec.turn_end for spec in CLIENTS.values() if spec.turn_end)
"""Events at which a model has finished a turn, and may be handed what waits."""

PROMPTS = frozenset(spec.prompt_event for spec in CLIENTS.values() if spec.prompt_event)
"""Events that tell what a model was prompted with."""

SESSION_ENDS = frozenset(spec.session_end for spec in CLIENTS.values() if spec.session_end)
"""Events after which a session is over."""

PERMISSION_TIMEOUTS_S = {
    spec.permission_event: spec.permission_timeout_s for spec in CLIENTS.values() if spec.permission_event
}
"""Events that ask whether a tool may be used, and the seconds for which their hooks can wait for the answer."""

CHANNEL_CLIENT = next(spec.id for spec in CLIENTS.values() if spec.has_channel)
"""The client that a channel carries wakes to."""

THREAD_CLIENT = next(spec.id for spec in CLIENTS.values() if spec.has_threads)
"""The client that is woken by turns on threads."""

ANNOUNCED_CLIENT = next(spec.id for spec in CLIENTS.values() if spec.pane_is_announced)
"""The client whose panes a launcher announces."""

_BY_EXECUTABLE = {name: spec.id for spec in CLIENTS.values() for name in spec.executables}
PACKAGES = frozenset().union(*(spec.packages for spec in CLIENTS.values()))
"""Folders that scripts of clients lie in."""

_BY_ENVIRONMENT = {spec.environment_mark: spec.id for spec in CLIENTS.values() if spec.environment_mark}


LAUNCHABLE: tuple[ClientId, ...] = tuple(
    spec.id for folder, spec in _FOLDERS.items() if (HERE / folder / "launch.py").is_file()
)
"""The clients that `xats-tui launch` can start."""


def is_read(client: str | None) -> bool:
    """Tell whether a client's screens have a reader of their own; all others share the generic reader."""
    return screen_reader(client) is not None


def known_client(text: object) -> ClientId | None:
    """Return a stored client's id if it is still known, `custom` included; else None."""
    return text if isinstance(text, str) and text in CLIENT_IDS else None


def by_executable(name: str) -> ClientId | None:
    """Return the client that an executable, script or package of this name belongs to."""
    return _BY_EXECUTABLE.get(name.lower())


def by_handshake(name: str) -> ClientId | None:
    """Return the client that gives this name in its MCP handshake."""
    return next((spec.id for spec in CLIENTS.values() if name.lower().startswith(spec.handshake)), None)


def shows_prompts(name: object) -> bool:
    """Return whether the client that gives this name in its MCP handshake offers prompts to the person."""
    client = by_handshake(name) if isinstance(name, str) else None
    return client is not None and CLIENTS[client].shows_prompts


def by_environment(environment: Mapping[str, str]) -> tuple[ClientId, str] | None:
    """Return the client whose mark an environment holds, and the mark's variable.

    Grandchildren inherit such marks, so they count only where nothing else tells.
    """
    found = next((variable for variable in _BY_ENVIRONMENT if environment.get(variable)), None)
    return (_BY_ENVIRONMENT[found], found) if found else None


def with_self_tool(tool: str) -> ClientSpec | None:
    """Return the client that registers itself by this tool."""
    return next((spec for spec in CLIENTS.values() if spec.self_tool == tool), None)


def screen_reader(client: str | None) -> "ScreenReader | None":
    """Return the function that reads the state of a pane off a client's screen."""
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
    start: Starter | None = _part(client, "launch", "start")
    assert start is not None, f"clients/{client} has no launch.py"
    return start


def configurations() -> "tuple[ClientProgram, ...]":
    """Return the configuration files of all clients."""
    parts = [_part(client, "config_files", "PROGRAM") for client in CLIENTS]
    return tuple(part for part in parts if part is not None)


@cache
def _part(client: str | None, module: str, name: str) -> Any:
    """A name of a module in a client's folder; None if the client is unknown or has no such module."""
    folder = next((folder for folder, spec in _FOLDERS.items() if spec.id == client), None)
    if folder is None or not (HERE / folder / f"{module}.py").is_file():
        return None
    return getattr(import_module(f"{__package__}.{folder}.{module}"), name)
