"""Frame of every mode: header, mode row and footer.

Each row is given its content and draws it in a single line, without the least important parts if space is short.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache

from textual import on
from textual.content import Content
from textual.events import Resize
from textual.style import Style
from textual.widgets import Static

from xats_tui.core.model.health import Health
from xats_tui.core.model.wakes import WakeStatus
from xats_tui.screens.actions.action import Action
from xats_tui.screens.data.refresh import staleness
from xats_tui.screens.data.snapshot import Slice, Snapshot, is_present, present_of
from xats_tui.screens.data.targets import was_not_read
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.past.travel import Travel
from xats_tui.screens.rows.names import more_than
from xats_tui.screens.widgets.format import Tone, age, cut_names, one_line
from xats_tui.screens.widgets.theme import CONTENT_STYLES

Piece = tuple[str, Tone]

SHORT_NAME_LETTERS = 2
"""Letters of a mode's name where the full name does not fit."""

TEAM_CELLS, SHORT_TEAM_CELLS = 16, 12
"""Maximum width of a team's name, and of one that has little room."""

ALWAYS = frozenset({"menu", "help", "quit"})
"""Ids of the actions that the footer always shows."""

WIDE_CELLS = 110
"""Minimum width at which the header spells out its words."""


class FrameLine(Static):
    """A line that is drawn only when its content changes."""

    _drawn = Content()

    def draw(self, content: Content) -> None:
        """Show this content."""
        if not content.is_same(self._drawn):
            self._drawn = content
            # The size never changes, so no layout is needed.
            self.update(content, layout=False)


class HeaderRow(FrameLine):
    """Header: port, uptime and agents on the left; wakes, dialogs, freshness and time on the right.

    If all modes are limited to a team, the agents and the counts are the team's.
    """

    def show(self, snapshot: Snapshot, now: datetime, outside: int, *, read_only: bool) -> None:
        """Draw the overall state of the snapshot; `outside` concerns are of other teams than the shown one."""
        wide = self.size.width >= WIDE_CELLS
        right = _content(
            [
                *_troubles(snapshot, wide=wide),
                _freshness(snapshot, now, wide=wide),
                (f"  {_clock(now)}", Tone.PLAIN),
            ]
        )
        lefts = [_content(pieces) for pieces in _lefts(snapshot, now, outside, wide=wide, read_only=read_only)]
        room = self.size.width - right.cell_length - 1
        left = next((one for one in lefts if one.cell_length <= room), lefts[-1])
        self.draw(_spread(left, right, self.size.width))

    def show_past(self, snapshot: Snapshot, travel: Travel, now: datetime) -> None:
        """Draw that this is the past, and how things stood then."""
        moment = travel.moment
        if moment is None:
            return
        wide = self.size.width >= WIDE_CELLS
        here = moment.at.astimezone()
        day = "" if here.date() == now.astimezone().date() else f"{here:%Y-%m-%d} "
        is_there = snapshot.moment == moment
        since = f"  +{travel.missed} since" if travel.missed else ""
        left = _content(
            [
                (f" PAST {day}{here:%H:%M:%S}", Tone.STRONG),
                (f", {age(now - moment.at)} ago", Tone.PLAIN),
                ("" if is_there else "  going there…", Tone.MUTED),
                *(_agents(snapshot) if is_there else []),
            ]
        )
        right = _content(
            [
                *(_troubles(snapshot, wide=wide) if is_there else []),
                (since, Tone.MUTED),
                ("  :now returns " if wide else "  :now ", Tone.ACCENT),
            ]
        )
        self.draw(_spread(left, right, self.size.width))


class ModeRow(FrameLine):
    """Mode row: the modes, with the open one marked, and notes on the right; a click opens a mode."""

    def show(self, mode: Mode, aside: Iterable[Piece]) -> None:
        """Draw the modes, abbreviated if necessary, and the notes `aside` at the right end."""
        right = _content(aside)
        modes = Content.assemble(*(_tab(each, is_open=each is mode) for each in Mode))
        if modes.cell_length + right.cell_length >= self.size.width:
            modes = Content.assemble(*(_tab(each, is_open=each is mode, letters=SHORT_NAME_LETTERS) for each in Mode))
        self.draw(_spread(modes, right, self.size.width))


class FooterRow(FrameLine):
    """Footer: the keys that work now; a click does the same as the key."""

    _actions: Sequence[Action] = ()

    @on(Resize)
    def _fit(self) -> None:
        """Redraw for a new width."""
        # While a command or filter is typed, the footer has no width.
        self.show(self._actions)

    def show(self, actions: Sequence[Action]) -> None:
        """Draw as many actions as fit; the list of actions, help and quit are always shown."""
        self._actions = actions
        kept = [action for action in actions if action.in_footer]
        always = [action for action in kept if action.id in ALWAYS]
        rest = [action for action in kept if action not in always]
        right = Content("  ").join(map(_key, always))
        while rest and sum(_key(action).cell_length + 2 for action in rest) + right.cell_length > self.size.width:
            rest.pop()
        self.draw(_spread(Content("  ").join(map(_key, rest)), right, self.size.width))


@cache
def _tab(mode: Mode, *, is_open: bool, letters: int | None = None) -> Content:
    label = mode.label if is_open else mode.label[:letters]
    text = f" {mode.digit}{label}" if letters and not is_open else f" {mode.digit} {label} "
    tab = Content.styled(text, "reverse" if is_open else "")
    return tab.stylize(Style.from_meta({"@click": f"screen.perform('mode_{mode}')"}))


def _key(action: Action) -> Content:
    return _labelled(action.id, action.shown_key, action.title)


@cache
def _labelled(action_id: str, key: str, title: str) -> Content:
    label = Content.assemble(Content.styled(key, Style.parse("bold $footer-key-foreground")), " ", title)
    return label.stylize(Style.from_meta({"@click": f"screen.perform('{action_id}')"}))


def _lefts(snapshot: Snapshot, now: datetime, outside: int, *, wide: bool, read_only: bool) -> Iterator[list[Piece]]:
    """Yield what may stand at the left end, the most complete first."""
    where, name = _where(snapshot.health, now), ("xats ", Tone.ACCENT)
    briefly = [piece for piece in where if piece[1] is not Tone.MUTED]
    mark = [(" read-only", Tone.WARN)] if read_only else []
    if snapshot.team is None:
        if wide:
            yield [name, *where, *mark, *_teams(snapshot)]
        yield [name, *where, *mark, *_agents(snapshot)]
        yield [name, *briefly, *mark, *_agents(snapshot)]
        return
    yield [name, *where, *mark, *_limit(snapshot, snapshot.team, outside, "outside need you")]
    yield [name, *briefly, *mark, *_limit(snapshot, snapshot.team, outside, "outside")]
    yield [*briefly[1:], *mark, *_limit(snapshot, cut_names(snapshot.team, SHORT_TEAM_CELLS), outside, "outside")]


def _where(health: Health | None, now: datetime) -> list[Piece]:
    if health is None:
        return [("starting…", Tone.MUTED)]
    if health.unstored:
        return [(f":{health.port}", Tone.STRONG), ("  ✕ NOTHING IS STORED", Tone.BAD)]
    return [(f":{health.port}", Tone.STRONG), (f" up {age(now - health.started_at)}", Tone.MUTED)]


def _limit(snapshot: Snapshot, team: str, outside: int, words: str) -> list[Piece]:
    """Return the team that is shown, and how many concerns lie outside it."""
    online, total = present_of(snapshot.roster), len(snapshot.roster)
    told = [(f" ⚠{outside} {words}", Tone.WARN)] if outside else []
    return [(f" team {one_line(team)} ", Tone.STRONG), (f"{online}/{total}●", Tone.MUTED), *told]


def _agents(snapshot: Snapshot) -> list[Piece]:
    online, total = sum(is_present(entry) for entry in snapshot.roster), len(snapshot.roster)
    if snapshot.health is None:
        return []
    if not total:
        return [("  no agents", Tone.MUTED)]
    return [(f"  agents {present_of(snapshot.roster)}/{total}●", Tone.GOOD if online else Tone.MUTED)]


def _teams(snapshot: Snapshot) -> list[Piece]:
    teams = sorted({entry.agent.team for entry in snapshot.roster})
    if not teams or snapshot.health is None:
        return _agents(snapshot)
    return [piece for team in teams[:3] for piece in _team(snapshot, team)] + [
        (f" · {len(teams) - 3} more teams", Tone.MUTED) for _ in teams[3:4]
    ]


def _team(snapshot: Snapshot, team: str) -> list[Piece]:
    members = [entry for entry in snapshot.roster if entry.agent.team == team]
    online = sum(is_present(entry) for entry in members)
    return [
        (f" · {cut_names(one_line(team), TEAM_CELLS)} ", Tone.PLAIN),
        (f"{online}/{len(members)} ●", Tone.GOOD if online else Tone.MUTED),
    ]


def _troubles(snapshot: Snapshot, *, wide: bool) -> list[Piece]:
    if snapshot.health is None:
        return []
    waiting, failed, dialogs = _counts(snapshot, snapshot.health)
    more = more_than(snapshot, Slice.WAKES) if snapshot.team else ""  # only of all teams they are counted in the store
    words = (f"wakes {waiting} waiting", f"  {failed}{more} failed", f"   dialogs {dialogs}")
    signs = (f"wakes {waiting}◐", f" {failed}{more}✕", f"  dialogs {dialogs}◆")
    shown = words if wide else signs
    return [
        (shown[0], Tone.WARN if waiting else Tone.MUTED),
        (shown[1], Tone.BAD if failed else Tone.MUTED),
        (shown[2], Tone.WARN if dialogs else Tone.MUTED),
    ]


def _counts(snapshot: Snapshot, health: Health) -> tuple[int, int, int]:
    """Return the wakes that wait, the wakes that failed, and the open dialogs; of one team, if only one is shown."""
    if snapshot.team is None:
        return health.wakes_waiting, health.wakes_failed, health.dialogs_open
    waiting = sum(entry.wakes_waiting for entry in snapshot.roster)
    failed = sum(wake.status is WakeStatus.FAILED and was_not_read(wake) for wake in snapshot.wakes)
    return waiting, failed, sum(snapshot.asks(entry) for entry in snapshot.roster)


def _freshness(snapshot: Snapshot, now: datetime, *, wide: bool) -> Piece:
    if snapshot.confirmed_at is None:
        return ("   no data yet", Tone.WARN if snapshot.trouble else Tone.MUTED)
    seconds = staleness(snapshot, now)
    if seconds is not None:
        old = f"{age(now - snapshot.confirmed_at, precise=True)} old"
        return (f"   ⚠ data {old}" if wide else f"  ⚠ {old}", Tone.WARN)
    elapsed = (now - snapshot.confirmed_at).total_seconds()
    return ("   data <1s" if elapsed < 1 else f"   data {elapsed:.0f}s", Tone.MUTED)


def _clock(now: datetime) -> str:
    return now.astimezone().strftime("%H:%M:%S")


def _content(pieces: Iterable[Piece]) -> Content:
    return Content.assemble(*((text, CONTENT_STYLES[tone]) for text, tone in pieces))


def _spread(left: Content, right: Content, width: int) -> Content:
    """Return a line with text at both ends; the left one is cut if they do not fit."""
    room = width - right.cell_length - 1
    fitted = left.truncate(max(0, room), ellipsis=True)
    return Content.assemble(fitted, " " * (width - fitted.cell_length - right.cell_length), right)
