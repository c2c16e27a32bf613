"""The reader for clients that a manifest describes: the input line, and rules about what stands around it.

Matching is positive.  A screen is idle only if its input line is found and empty, no rule speaks against it, and the
client's own sign of rest is there, if its manifest names one.  What no rule recognises is unknown.
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct

from xats_tui.clients.manifests.input_line import Content, InputLine, InputLineShape, content_of, find
from xats_tui.clients.manifests.patterns import MAX_ROW_CHARS
from xats_tui.core.model.panes import PaneReading, PaneState
from xats_tui.core.screen.ansi_grid import ScreenLine
from xats_tui.core.screen.choices import asks_to_choose, inner_text
from xats_tui.core.screen.signs import title_of

MAX_ROWS = 200
"""Rows at the bottom of a screen that are read."""

RULE_STATES = (PaneState.DIALOG, PaneState.BUSY, PaneState.DRAFT, PaneState.UNKNOWN, PaneState.IDLE)
"""States that a rule can announce."""

PRIORITIES = {PaneState.DIALOG: 300, PaneState.BUSY: 200, PaneState.DRAFT: 100, PaneState.UNKNOWN: 100}
"""Priorities of rules that name none."""

MAX_SHOWN_CHARS = 60


class Place(StrEnum):
    """The part of a pane that a rule looks at; the input line itself belongs to `input` only."""

    TITLE = "title"
    SCREEN = "screen"
    LAST = "last"
    """The last rows with text."""
    ABOVE = "above"
    """The rows above the input line."""
    BELOW = "below"
    """The rows below it."""
    INPUT = "input"


class When(StrEnum):
    """Condition of a rule on the input line."""

    ALWAYS = "always"
    FOUND = "found"
    MISSING = "missing"


class Rule(Struct, frozen=True, kw_only=True):
    """A sign of a state."""

    number: int
    """Its place in the manifest, counted from 1."""
    file: str
    """The manifest's file."""
    line: int
    """Its line there."""
    state: PaneState
    priority: int
    place: Place
    rows: int
    """The rows of the place, those nearest to the input line or to the screen's end; 0 for all."""
    pattern: re.Pattern[str]
    among: re.Pattern[str] | None
    """If given, only the lowest row that this pattern finds is looked at."""
    when: When
    reason: str


class ScreenRules(Struct, frozen=True, kw_only=True):
    """A client's screen."""

    shape: InputLineShape
    rules: tuple[Rule, ...]


class Match(Struct, frozen=True, kw_only=True):
    """A rule that found its sign."""

    rule: Rule
    row: int | None
    """The row of the screen, counted from 0; None for the title."""
    text: str

    @property
    def reason(self) -> str:
        """The rule's reason, or what it found."""
        shown = " ".join(self.text.split())[:MAX_SHOWN_CHARS]
        return self.rule.reason or f"the {'title' if self.row is None else 'screen'} says: {shown}"


class Explanation(Struct, frozen=True, kw_only=True):
    """A reading with its grounds."""

    reading: PaneReading
    input_line: InputLine | None
    content: Content | None
    matches: tuple[Match, ...]
    """All matches, the deciding one first."""


def read_by(screen: ScreenRules, lines: Sequence[ScreenLine], formats: Mapping[str, Any]) -> PaneReading:
    """Read a screen by rules."""
    return explain(screen, lines, formats).reading


def unread(title: str, lines: Sequence[ScreenLine], formats: Mapping[str, Any]) -> PaneReading:
    """Read the screen of a client that no rule describes: nothing is known of it, so nothing is typed there."""
    return PaneReading(state=PaneState.UNKNOWN, reason=f"the screens of {title} were not tried: nothing is typed there")


def explain(screen: ScreenRules, lines: Sequence[ScreenLine], formats: Mapping[str, Any]) -> Explanation:
    """Read a screen by rules, and keep the grounds."""
    cut = max(0, len(lines) - MAX_ROWS)
    shown = [ScreenLine(()) if row < cut else line for row, line in enumerate(lines)]
    found = find(screen.shape, shown)
    content = content_of(screen.shape, found, shown, formats) if found else None
    ranked = sorted(screen.rules, key=lambda rule: -rule.priority)
    matches = tuple(match for rule in ranked if (match := _match(rule, shown, found, content, formats)))
    against = [match for match in matches if match.rule.state is not PaneState.IDLE]
    reading = _reading(screen, shown, found, content, against, is_calm=len(against) < len(matches))
    return Explanation(reading=reading, input_line=found, content=content, matches=matches)


def _reading(
    screen: ScreenRules,
    lines: Sequence[ScreenLine],
    found: InputLine | None,
    content: Content | None,
    against: Sequence[Match],
    *,
    is_calm: bool,
) -> PaneReading:
    composer = content.text if content else None
    dialog = next((match for match in against if match.rule.state is PaneState.DIALOG), None)
    first = against[0] if against else None
    if first and first.rule.state is PaneState.DIALOG:
        return PaneReading(state=PaneState.DIALOG, reason=first.reason, composer=composer)
    if content and content.draft:
        if dialog:  # a key would answer it, whatever else is seen
            return PaneReading(state=PaneState.DIALOG, reason=dialog.reason, composer=composer)
        return PaneReading(state=PaneState.DRAFT, reason=content.draft, composer=composer)
    if first:
        return PaneReading(state=first.rule.state, reason=first.reason, composer=composer)
    if found is None or content is None:
        return PaneReading(state=PaneState.UNKNOWN, reason="no input line is seen, or a list is open below it")
    if content.doubt:
        return PaneReading(state=PaneState.UNKNOWN, reason=content.doubt, composer=composer)
    if not is_calm and any(rule.state is PaneState.IDLE for rule in screen.rules):
        return PaneReading(state=PaneState.UNKNOWN, reason="no sign tells that it is at rest", composer=composer)
    if asked := asks_to_choose(lines[found.bottom + 1 :], plain_lists=True):
        return PaneReading(state=PaneState.DIALOG, reason=asked, composer=composer)
    return PaneReading(state=PaneState.IDLE, reason="the input line is empty and holds the cursor", composer=composer)


def _match(
    rule: Rule,
    lines: Sequence[ScreenLine],
    found: InputLine | None,
    content: Content | None,
    formats: Mapping[str, Any],
) -> Match | None:
    if (rule.when is When.FOUND and found is None) or (rule.when is When.MISSING and found is not None):
        return None
    if rule.place is Place.TITLE:
        title = title_of(formats).strip()[:MAX_ROW_CHARS]
        return Match(rule=rule, row=None, text=title) if rule.pattern.search(title) else None
    rows = _rows(rule, lines, found)
    if rule.among:
        rows = [row for row in rows if rule.among.search(lines[row].text[:MAX_ROW_CHARS])][-1:]
    for row in reversed(rows):
        if text := _found_in(rule.pattern, lines, row, alone=rule.among is not None):
            return Match(rule=rule, row=row, text=text)
    return None


def _rows(rule: Rule, lines: Sequence[ScreenLine], found: InputLine | None) -> list[int]:
    """Return the rows with text that a rule looks at."""
    written = [row for row, line in enumerate(lines) if not line.blank]
    if rule.place in (Place.SCREEN, Place.LAST):
        rows = [row for row in written if found is None or not found.holds(row)]
        return rows[-rule.rows :] if rule.rows else rows
    if found is None:
        return []
    if rule.place is Place.INPUT:
        return [row for row in written if found.holds(row)]
    if rule.place is Place.ABOVE:
        rows = [row for row in written if row <= found.top]
        return rows[-rule.rows :] if rule.rows else rows
    rows = [row for row in written if row >= found.bottom]
    return rows[: rule.rows] if rule.rows else rows


def _found_in(pattern: re.Pattern[str], lines: Sequence[ScreenLine], row: int, *, alone: bool) -> str:
    """Return the row that a pattern finds, or that and the next one: a narrow terminal breaks a phrase."""
    text = lines[row].text[:MAX_ROW_CHARS]
    if pattern.search(text):
        return text.strip()
    if alone or row + 1 >= len(lines):
        return ""
    first, second = inner_text(lines[row])[:MAX_ROW_CHARS], inner_text(lines[row + 1])[:MAX_ROW_CHARS]
    joined = f"{first} {second}"[:MAX_ROW_CHARS]
    match = pattern.search(joined)
    return joined.strip() if match and match.start() < len(first) < match.end() else ""
