"""Trial of a client's reader on captured screens."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xats_tui.clients.manifests.files import SUFFIX, source_of
from xats_tui.clients.registry import CLIENTS, try_manifest
from xats_tui.commands.client.captures import Capture
from xats_tui.commands.client.explaining import explained
from xats_tui.core.errors import XatsError
from xats_tui.core.model.panes import PaneState
from xats_tui.screens.widgets.format import one_line

NOT_IDLE = "not idle"
"""State that a person reads where it only matters that nothing may be typed."""

WANTS = ("idle", "draft", "busy", "dialog", NOT_IDLE)


class UnknownClient(XatsError):
    """There is no such client, and no such file."""


def client_to_try(name: str) -> str:
    """Return the client with this id; a file's client is known from now on, in this process.

    Raises:
        UnknownClient: there is none.
        BadManifest: the file cannot be used.
    """
    if name in CLIENTS:
        return name
    path = Path(name).expanduser()
    if path.suffix != SUFFIX:
        raise UnknownClient(f"no client is called {name}: xats-tui client list shows them; a file ends with {SUFFIX}")
    if not path.exists():
        raise UnknownClient(f"there is no file {path}")
    source = source_of(path)
    try_manifest(source)
    return path.stem


def tried(client: str, captures: Sequence[Capture]) -> dict[str, Any]:
    """Return how captures are read, and which of them not as a person reads them."""
    of_it = [capture for capture in captures if capture.client in ("", client)]
    results = [_result(capture, client) for capture in of_it]
    return {
        "client": client,
        "captures": results,
        "right": sum(result["right"] is True for result in results),
        "wrong": sum(result["right"] is False for result in results),
        "not_judged": sum(result["right"] is None for result in results),
    }


def as_text(outcome: Mapping[str, Any]) -> str:
    """Return an outcome for people: what was read wrong, and the counts."""
    wrong = [
        f"{one_line(one['capture'])}: it is {one['want']}, and is read as {one['state']}: {one_line(one['reason'])}"
        for one in outcome["captures"]
        if one["right"] is False
    ]
    if not outcome["captures"]:
        return f"{outcome['client']}: nothing is wrong with it; --captures DIR tries it on screens"
    counts = f"{outcome['right']} read right, {outcome['wrong']} wrong"
    judged = f", {outcome['not_judged']} not judged" if outcome["not_judged"] else ""
    return "\n".join([*wrong, f"{outcome['client']}: {counts}{judged}"])


def _result(capture: Capture, client: str) -> dict[str, Any]:
    known = explained(capture, client)
    return {
        "capture": capture.name,
        "want": capture.want or None,
        "right": _is_right(capture.want, known["state"]) if capture.want else None,
        **{key: known[key] for key in ("state", "reason", "composer")},
    }


def _is_right(want: str, state: str) -> bool:
    if want.replace("-", " ") == NOT_IDLE:
        return state != PaneState.IDLE.value
    return state in want.split("|")
