"""Captured screens: files that hold one, and captures of living panes with personal text replaced."""

import asyncio
import getpass
import json
import re
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from xats_tui.backend.services.agents.process_clients import client_in
from xats_tui.backend.system.processes import Processes, normal_tty
from xats_tui.backend.system.tmux import Tmux
from xats_tui.core.clock import SystemClock
from xats_tui.core.errors import XatsError
from xats_tui.core.model.panes import PaneLook, PaneRef

SUFFIX = ".ansi"

MAX_CAPTURE_BYTES = 1_000_000

KEPT = (
    "cursor_x",
    "cursor_y",
    "cursor_flag",
    "alternate_on",
    "pane_in_mode",
    "pane_dead",
    "pane_current_command",
    "pane_title",
    "pane_width",
    "pane_height",
)
"""Formats that a capture keeps."""

MIN_PERSONAL_CHARS = 3
"""Shortest name that is replaced: a shorter one stands in many words."""


class BadCapture(XatsError):
    """The capture or the pane cannot be read; the text says why and what to do."""


class Capture(Struct, frozen=True, kw_only=True):
    """A captured screen."""

    name: str
    screen: str
    formats: Mapping[str, Any]
    want: str = ""
    """The state that a person read; empty if nobody did."""
    client: str = ""
    """The client that it shows; empty if the capture does not say."""


def read_capture(path: Path) -> Capture:
    """Read `NAME.ansi` with the `NAME.json` beside it.

    Raises:
        BadCapture: one of them cannot be used.
    """
    facts = path.with_suffix(".json")
    try:
        if any(one.stat().st_size > MAX_CAPTURE_BYTES for one in (path, facts)):
            raise BadCapture(f"{path} is no capture of a screen: it is larger than {MAX_CAPTURE_BYTES // 1000} kB")
        screen, told = path.read_text(encoding="utf-8", errors="replace"), json.loads(facts.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadCapture(f"cannot read {error.filename}: {error.strerror}") from None
    except ValueError as error:
        raise BadCapture(f"{facts} is not JSON: {error}") from None
    if not isinstance(told, dict):
        raise BadCapture(f"{facts} must hold a JSON object with tmux's formats, such as cursor_x")
    formats = told.get("formats", told)
    return Capture(
        name=path.stem,
        screen=screen.removesuffix("\n"),
        formats={key: value for key, value in formats.items() if isinstance(value, str | int)},
        want=str(told.get("want") or told.get("state") or ""),
        client=str(told.get("client") or ""),
    )


def captures_in(folder: Path, match: str) -> list[Capture]:
    """Read the captures of a folder whose names fit a pattern such as `gm-*`.

    Raises:
        BadCapture: there is none, or one cannot be used.
    """
    paths = sorted(path for path in folder.glob(f"{match}{SUFFIX}") if path.with_suffix(".json").is_file())
    if not paths:
        raise BadCapture(f"{folder} holds no capture: {match}{SUFFIX} with a .json beside it")
    return [read_capture(path) for path in paths]


def look_at(target: str) -> tuple[PaneLook, str | None]:
    """Look at a pane, `%5` or `session:window.pane`; return also the client whose process is there, if one is known.

    Raises:
        BadCapture: there is no such pane.
        TmuxError: tmux does not answer.
    """
    return asyncio.run(_look_at(target))


async def _look_at(target: str) -> tuple[PaneLook, str | None]:
    tmux = Tmux(SystemClock())
    panes = await tmux.panes("")
    pane_id = (
        target if target in panes else next((pane for pane, facts in panes.items() if _name(facts) == target), None)
    )
    if pane_id is None:
        there = ", ".join(sorted(_name(facts) for facts in panes.values())[:10])
        raise BadCapture(f"no pane is called {target}; name it as %5 or session:window.pane, such as {there}")
    look = await tmux.look_at(PaneRef("", pane_id))
    tty = normal_tty(look.formats.get("pane_tty"))
    there_too = [process for process in await Processes().all() if process.tty == tty]
    return look, next(filter(None, map(client_in, there_too)), None)


def _name(facts: Mapping[str, Any]) -> str:
    return f"{facts['session_name']}:{facts['window_index']}.{facts['pane_index']}"


def capture_of(look: PaneLook, want: str, client: str) -> Capture:
    """Make a capture of a look, with personal text replaced by other text of the same length."""
    formats = {key: look.formats[key] for key in KEPT if key in look.formats}
    return Capture(
        name=f"{client}-{formats.get('pane_width', 0)}-{want.replace(' ', '-')}",
        screen=impersonal(look.screen),
        formats={key: impersonal(value) if isinstance(value, str) else value for key, value in formats.items()},
        want=want,
        client=client,
    )


def written(capture: Capture, folder: Path) -> Path:
    """Write a capture into a folder, beside those of the same name; return the path of the screen.

    Raises:
        BadCapture: it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        number = next(n for n in range(1, 10_000) if not (folder / _numbered(capture.name, n)).exists())
        path = folder / _numbered(capture.name, number)
        told = {"client": capture.client, "want": capture.want, **capture.formats}
        path.with_suffix(".json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        path.write_text(capture.screen + "\n", encoding="utf-8")
    except OSError as error:
        raise BadCapture(f"cannot write into {folder}: {error.strerror}") from None
    return path


def _numbered(name: str, number: int) -> str:
    return f"{name}{SUFFIX}" if number == 1 else f"{name}-{number}{SUFFIX}"


def impersonal(text: str) -> str:
    """Replace the home's path and the names of user and host, where each stands in one piece."""
    for word, other in _personal_words():
        text = text.replace(word, other)
    return text


def _personal_words() -> Iterable[tuple[str, str]]:
    """Yield what is personal, the longest first, each with other text of the same length."""
    host = socket.gethostname()
    words = {str(Path.home()), getpass.getuser(), host, host.partition(".")[0]}
    for word in sorted(words, key=len, reverse=True):
        if len(word) >= MIN_PERSONAL_CHARS:
            yield word, re.sub(r"[^/.]", "x", word)
