"""Command line after `:`: a mode with a filter, an action, or a call with words; parsing and completion."""

from collections.abc import Callable, Collection, Iterable, Sequence
from difflib import get_close_matches

from msgspec import Struct
from textual.suggester import Suggester

from xats_tui.core.model.labels import folded
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.widgets.format import one_line

WORDS = {"q": "quit", "quit": "quit", "help": "help", "?": "help", "connect": "connect"}
"""Words that run an action."""

CALLS = ("team", "find", "since", "at", "now", "export", "save", "filter", "forget")
"""Words that take the rest of the line as it is."""

OF_FILTERS = ("filter", "forget")
"""Calls that take the name of a saved filter."""

ALL = "all"
"""Word for all teams."""


class OpenMode(Struct, frozen=True):
    """Request to open a mode with a filter."""

    mode: Mode
    words: str


class Perform(Struct, frozen=True):
    """Request to perform an action of the table."""

    action_id: str


class Call(Struct, frozen=True):
    """Request to do something with the words behind its name."""

    name: str
    words: str


class LimitTo(Struct, frozen=True):
    """Request to limit all modes to a team; None shows every team."""

    team: str | None


class Unknown(Struct, frozen=True):
    """Unknown command; the sentence lists the valid ones."""

    sentence: str


def read(line: str, saved: Collection[str] = ()) -> OpenMode | Perform | Call | Unknown:
    """Parse a command line; a mode's name may be abbreviated or in the singular, a saved filter's name may not."""
    name, _, words = line.strip().partition(" ")
    name = name.casefold()
    if name in WORDS:
        return Perform(WORDS[name])
    if name in CALLS:
        return Call(name, words.strip())
    if not name:
        return Unknown(f"Type {_listed(Mode)}, {_listed(CALLS)}, connect, help or q.")
    exact = [mode for mode in Mode if name in (mode.value, mode.noun)]
    if not exact and folded(name) in saved:
        return Call("filter", name)
    meant = exact or [mode for mode in Mode if mode.value.startswith(name)]
    if len(meant) == 1:
        return OpenMode(meant[0], words.strip())
    if meant:
        return Unknown(f":{one_line(name)} is ambiguous ({' or '.join(meant)}); type one more letter.")
    near = get_close_matches(name, [*Mode, *CALLS, *WORDS, *saved], n=1)
    meant_so = (
        f"did you mean :{near[0]}?" if near else f"there are {_listed(Mode)}, {_listed(CALLS)}, connect, help, q."
    )
    return Unknown(f"No command :{one_line(name)}; {meant_so}")


def read_team(word: str, teams: Sequence[str]) -> Perform | LimitTo | Unknown:
    """Return what `:team word` means: a team, which may be abbreviated, all of them, or the question which one."""
    typed = folded(word)
    if not typed:
        return Perform("team")
    if typed == ALL:
        return LimitTo(None)
    exact = [team for team in teams if folded(team) == typed]
    meant = exact or [team for team in teams if folded(team).startswith(typed)]
    if len(meant) == 1:
        return LimitTo(meant[0])
    known = ", ".join(map(one_line, meant or teams)) or "none yet"
    said = f"{one_line(word)} is ambiguous" if meant else f"No team is called {one_line(word)}"
    return Unknown(f"{said}; teams: {known}, all.")


def is_command(name: str) -> bool:
    """Return whether a name means something already, so that it cannot be a saved filter's."""
    return folded(name) in {*WORDS, *CALLS, *Mode, *(mode.noun for mode in Mode)}


def complete(line: str, names: Iterable[str], teams: Iterable[str] = (), saved: Collection[str] = ()) -> str | None:
    """Return the line with its last word (a command, a filter, an agent, a team) completed; None if nothing fits."""
    command, blank, team = line.partition(" ")
    if blank and command.casefold() == CALLS[0]:
        fitting = next((each for each in (*teams, ALL) if team and folded(each).startswith(folded(team))), None)
        return f"{command} {fitting}" if fitting else None
    before, space, word = line.rpartition(" ")
    mark = "@" if word.startswith("@") else ""
    commands = [*Mode, *CALLS, "connect", "help", "quit", *saved]
    known = commands if not space else sorted(saved if before in OF_FILTERS else names)
    typed = folded(word.removeprefix(mark))
    fitting = next((name for name in known if typed and folded(name).startswith(typed)), None)
    return f"{before}{space}{mark}{fitting}" if fitting else None


class CommandCompletions(Suggester):
    """Completions while typing.

    `names` and `teams` return the current names of agents and teams, `saved` are the names of saved filters.
    """

    def __init__(
        self,
        names: Callable[[], Iterable[str]],
        teams: Callable[[], Iterable[str]],
        saved: Collection[str] = (),
    ) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._names, self._teams, self._saved = names, teams, saved

    async def get_suggestion(self, value: str) -> str | None:
        """Return the completed line."""
        return complete(value, self._names(), self._teams(), self._saved)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)
