"""Read all panes and some screens of a tmux server in one command whose answer cannot be forged by foreign text.

tmux prints titles, folders, program names and screens raw, including newlines.  So each of our lines begins with a
random nonce, facts and foreign text come in separate lists, and the answer must have exactly the expected lines: text
that contains the nonce adds a line, and the whole answer is refused.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct

from xats_tui.core.errors import TmuxError

NUMBERS = (
    "cursor_x",
    "cursor_y",
    "cursor_flag",
    "alternate_on",
    "pane_in_mode",
    "pane_dead",
    "pane_pid",
    "pane_active",
    "pane_synchronized",
    "pane_input_off",
    "pane_width",
    "pane_height",
    "window_index",
    "pane_index",
)
"""Formats whose value is a number or empty."""

FACTS = ("pane_id", "pane_tty", "pane_mode", "version", *NUMBERS)
"""Formats whose value comes from tmux itself, never from a program or a person."""

# A client in control mode (iTerm2) does not update `client_activity` with its keys.
CLIENTS = ("client_activity", "pane_id", "client_flags", "P:#{pane_id},")
"""Fields of an attached client: time of its last key, active pane, flags, and all panes of its window."""

OWN_PANE = "active-pane"
"""Flag of a client that has its own active pane in each window; tmux does not report which."""

PERSON_AT = "person_at"
"""Added format: time of the last key, in whole seconds, of a client with the pane in front."""

TEXTS = ("session_name", "pane_current_command", "pane_current_path", "pane_title")
"""Formats with text written by programs and people."""

NONCE_BYTES = 8

KEPT_ROWS = 256
"""Number of parsed rows of panes that are kept."""

SEPARATOR = "\x1f"

CONTROLS = "[\x01-\x1f\x7f]"
"""Characters that tmux replaces in foreign text; Python would treat a carriage return as a line end, too."""

_NUMBER = re.compile(r"\d{0,18}", re.ASCII)
_FORMS = {
    "pane_id": re.compile(r"%\d+", re.ASCII),
    "pane_tty": re.compile(r"[\w/.-]*", re.ASCII),
    "pane_mode": re.compile(r"[\w-]*", re.ASCII),
    "version": re.compile(r"[\w.-]*", re.ASCII),
}


class Looks(Struct, frozen=True, kw_only=True):
    """One look at a tmux server: the formats of all its panes, and the requested screens."""

    panes: Mapping[str, Mapping[str, Any]]
    """tmux formats by pane id."""
    screens: Mapping[str, str]
    """Visible screens with attributes, by pane id, without missing panes."""


class StrangeAnswer(TmuxError):
    """The answer of tmux does not have the expected lines."""

    def __init__(self, what: str) -> None:
        super().__init__(f"tmux gave an answer that cannot be trusted: {what}")


class LookRequest:
    """The commands of one look, and the parser of their answer."""

    def __init__(self, pane_ids: Sequence[str]) -> None:
        self._pane_ids = pane_ids
        self._nonce = secrets.token_hex(NONCE_BYTES)

    @property
    def arguments(self) -> list[str]:
        """Arguments for the tmux command line."""
        mark = ["display-message", "-p", self._nonce]
        parts = ["list-clients", "-F", self._nonce + _fields(CLIENTS), ";", *mark]
        parts += [";", "list-panes", "-a", "-F", self._nonce + _fields(FACTS), ";", *mark]
        for name in TEXTS:
            text = f"#{{s/{CONTROLS}/?/:{name}}}"
            parts += [";", "list-panes", "-a", "-F", f"{self._nonce}#{{pane_id}}{SEPARATOR}{text}"]
        for pane_id in self._pane_ids:
            parts += [";", *mark, ";", "capture-pane", "-p", "-e", "-t", pane_id]
        return [*parts, ";", *mark]

    def read(self, lines: Sequence[str], *, is_whole: bool) -> Looks:
        """Parse the answer; an answer with `is_whole=False` ends at the first missing pane.

        Raises:
            StrangeAnswer: the answer does not have the expected form.
        """
        sections = self._sections(lines)
        if sections.count([""]) < 2:
            raise StrangeAnswer("the lists of clients and panes have no end")
        clients = [_client(section) for section in sections[: sections.index([""])]]
        del sections[: len(clients) + 1]
        panes = [_facts(section) for section in sections[: sections.index([""])]]
        for pane in panes:
            pane[PERSON_AT] = max(
                (one.active_at for one in clients if one.may_type_into(pane["pane_id"])), default=None
            )
        texts = sections[len(panes) + 1 :]
        rows_of_text = len(panes) * len(TEXTS)
        expected = rows_of_text + len(self._pane_ids) + 1
        if len(texts) != expected and (is_whole or not rows_of_text <= len(texts) < expected):
            raise StrangeAnswer(f"{len(texts)} rows follow its list of {len(panes)} panes, not {expected}")
        for number, section in enumerate(texts[:rows_of_text]):
            pane = panes[number % len(panes)]
            pane[TEXTS[number // len(panes)]] = _text(pane["pane_id"], section)
        by_id = {pane["pane_id"]: pane for pane in panes}
        screens = zip(self._pane_ids, texts[rows_of_text:], strict=False)
        return Looks(panes=by_id, screens={pane_id: _screen(rows) for pane_id, rows in screens if pane_id in by_id})

    def _sections(self, lines: Sequence[str]) -> list[list[str]]:
        """Split the answer before every marked line, and remove the marks."""
        sections: list[list[str]] = []
        for line in lines:
            if line.startswith(self._nonce):
                sections.append([line.removeprefix(self._nonce)])
            elif sections:
                sections[-1].append(line)
            else:
                raise StrangeAnswer("it begins with unexpected text")
        return sections


class _Client(Struct, frozen=True):
    """An attached tmux client, with the panes that it may type into."""

    active_at: int
    pane_id: str
    has_own_pane: bool
    shown: frozenset[str]

    def may_type_into(self, pane_id: str) -> bool:
        """Return whether the client's keys may go to a pane."""
        return pane_id == self.pane_id or (self.has_own_pane and pane_id in self.shown)


def _fields(names: Sequence[str]) -> str:
    return SEPARATOR.join(f"#{{{name}}}" for name in names)


def _row(section: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """Parse the fields of one line."""
    fields = section[0].split(SEPARATOR)
    if len(section) > 1 or len(fields) != len(names):
        raise StrangeAnswer(f"a row has {len(fields)} fields in {len(section)} lines")
    return dict(zip(names, fields, strict=True))


def _client(section: Sequence[str]) -> _Client:
    """Parse one row of the list of clients."""
    activity, pane_id, flags, shown = _row(section, CLIENTS).values()
    if not _NUMBER.fullmatch(activity):
        raise StrangeAnswer("the time of a client's last key is not a number")
    return _Client(int(activity or 0), pane_id, OWN_PANE in flags.split(","), frozenset(shown.split(",")))


def _facts(section: Sequence[str]) -> dict[str, Any]:
    """Parse one row of the list of panes."""
    return dict(_known_facts(tuple(section)))


@lru_cache(KEPT_ROWS)  # panes at rest have the same row in each look
def _known_facts(section: Sequence[str]) -> Mapping[str, Any]:
    values = _row(section, FACTS)
    if wrong := [name for name, value in values.items() if not _FORMS.get(name, _NUMBER).fullmatch(value)]:
        raise StrangeAnswer(f"a pane's {', '.join(wrong)} has an invalid form")
    return {name: int(value) if name in NUMBERS and value else value for name, value in values.items()}


def _text(pane_id: str, section: Sequence[str]) -> str:
    """Parse one foreign text; a tmux that replaces no controls prints it on several lines."""
    named, separator, text = "?".join(section).partition(SEPARATOR)
    if named != pane_id or not separator:
        raise StrangeAnswer(f"a text belongs to pane {named!r}, not to {pane_id}")
    return text


def _screen(section: Sequence[str]) -> str:
    """Return the rows after a mark."""
    if section[0]:
        raise StrangeAnswer("there is text after a mark")
    return "\n".join(section[1:])
