"""A program that misbehaves, in simulated time: what it knows is not what it shows, and it tells who has done harm.

Keys lie in its terminal until it reads them; it draws a while after that.  A person may press keys, too.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.fakes import FakePane, FakeTmux
from xats_tui.backend.system.terminals import PaneTerminal, PaneTerminals
from xats_tui.backend.system.tmux_looks import PERSON_AT

ENTER, CLEAR = "\r", "\x15"

PERSON_TYPES_FOR = timedelta(seconds=3)

HABITS = ("good", "swallows", "deaf", "completes", "clears", "opens", "letter")
"""Reactions to Enter; `swallows` ignores every key."""

DIALOG = ("Do you want to delete everything?", "❯ 1. Yes", "  2. No", "Esc to cancel")


@dataclass(slots=True, kw_only=True)
class UnrulyPane(FakePane):
    """The program with its terminal; `line` is what it knows of its input line."""

    habit: str = "good"
    paint: timedelta = timedelta(0)
    """Time that the program takes to draw."""
    stopped: bool = False
    synchronized: bool = False
    input_off: bool = False
    cooked: bool = False
    strange: bool = False
    """Another program sits there."""
    dialog: bool = False
    unread: list[str] = field(default_factory=list)
    read_at: datetime | None = None
    person_at: datetime | None = None
    draws_at: datetime | None = None
    """Time of the next drawing, if anything is not shown yet."""
    shown: tuple[str, bool, int] = ("", False, 0)
    """The line, whether a dialog is open, and how many lines were taken, as drawn."""
    outstanding: bool = False
    """There was a paste, and nothing was drawn since."""
    approved: int = 0
    harm: list[str] = field(default_factory=list)
    """Text that was typed where it must not be."""

    def look(self, now: datetime) -> None:
        """Do by now what it would have done meanwhile."""
        if self.stopped:
            return
        while self.unread:
            self._take(self.unread.pop(0), now)
        if self.draws_at and self.draws_at <= now:
            self.shown, self.draws_at = (self.line, self.dialog, len(self.taken)), None
            self.outstanding = False

    def paste(self, text: str, now: datetime) -> None:
        """Get a paste of the coordinator's."""
        self.look(now)
        filled = ("a line that is not empty", bool(self.line))
        another = ("another paste, since when nothing was drawn", self.outstanding)
        self._blame("paste", now, [filled, another, *self._obstacles(now)])
        self.outstanding = True
        self._receive(text, now)

    def enter(self, now: datetime) -> None:
        """Get Enter from the coordinator."""
        self.look(now)
        is_hint = self.line.startswith("[xats] ") and self.line.count("[xats]") == 1
        undrawn = ("what is not drawn yet", self.draws_at is not None)
        mixed = ("a line that is no hint", not is_hint or not self.line.endswith("get_inbox"))
        self._blame("Enter", now, [mixed, undrawn, *self._obstacles(now)])
        self._receive(ENTER, now)

    def person_types(self, key: str, now: datetime) -> None:
        """Get a key from whoever sits there."""
        self.person_at = now
        self._receive(key, now)

    def be_good(self, now: datetime) -> None:
        """Behave from now on, with an empty line and a screen that was drawn anew."""
        self.habit, self.paint = "good", timedelta(0)
        self.stopped = self.synchronized = self.input_off = self.cooked = self.strange = self.dialog = False
        self.unread.clear()
        self.line, self.draws_at = "", now
        self.looks += 1

    def rows(self) -> list[str]:
        """Return the rows drawn last."""
        line, dialog, taken = self.shown
        said = [f"took {number}: {text}" for number, (_, text) in enumerate(self.taken[:taken])]
        return [f"printed {self.looks} lines", *said[-3:], *(DIALOG if dialog else (f"it> {line}",))]

    def formats(self) -> dict[str, Any]:
        """Return tmux's formats of the pane."""
        return FakePane.formats(self) | {
            "cursor_flag": int(not self.shown[1]),
            "pane_synchronized": int(self.synchronized),
            "pane_input_off": int(self.input_off),
            PERSON_AT: int(self.person_at.timestamp()) if self.person_at else None,
        }

    def _receive(self, key: str, now: datetime) -> None:
        if not self.input_off:
            self.unread.append(key)
            self.look(now)

    def _take(self, key: str, now: datetime) -> None:
        self.read_at = now
        if self.habit == "swallows":
            return
        self.draws_at = self.draws_at or now + self.paint
        if key == ENTER:
            self._take_enter(now)
        elif not self.dialog:
            self.line = "" if key == CLEAR else self.line + key

    def _take_enter(self, now: datetime) -> None:
        if self.dialog:
            self.dialog, self.approved = False, self.approved + 1
        elif self.habit == "completes":
            self.line += " @src"
        elif self.habit == "clears":
            self.line = ""
        elif self.habit == "opens":
            self.dialog = True
        elif self.habit == "letter":
            self.line = f"u{self.line}"
        elif self.habit == "good":
            self.taken.append((now, self.line))
            self.line = ""

    def _obstacles(self, now: datetime) -> list[tuple[str, bool]]:
        """Return the conditions that forbid any key."""
        typed = self.person_at is not None and now - self.person_at < PERSON_TYPES_FOR
        return [
            ("a program that is stopped", self.stopped),
            ("a synchronised window", self.synchronized),
            ("a pane without input", self.input_off),
            ("a terminal that reads lines", self.cooked),
            ("another program", self.strange),
            ("a dialog", self.dialog),
            ("keys that were not read", bool(self.unread)),
            ("a person who types", typed),
            ("copy mode", self.scrolled),
        ]

    def _blame(self, key: str, now: datetime, obstacles: list[tuple[str, bool]]) -> None:
        self.harm += [f"{now:%H:%M:%S.%f}: {key} in spite of {what}" for what, is_so in obstacles if is_so]


class Keyboards(PaneTerminals):
    """The terminals of such programs."""

    def __init__(self, tmux: FakeTmux) -> None:
        self._tmux = tmux

    async def look(self, tty: str, inner_tty: str | None = None) -> PaneTerminal | None:
        """Times are told in whole seconds, as by the system."""
        pane = next(one for one in self._tmux.terminals.values() if one.tty == tty)
        assert isinstance(pane, UnrulyPane)
        read_at = pane.read_at.replace(microsecond=0) if pane.read_at else None
        return PaneTerminal(raw=not pane.cooked, unread=sum(map(len, pane.unread)), read_at=read_at)
