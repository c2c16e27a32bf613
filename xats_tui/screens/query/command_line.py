"""Command line after `:`: a mode with a filter, an action, or a call with words; parsing and completion."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from textual.suggester import Suggester

from xats_tui.core.model.labels import folded
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.widgets.format import one_line

WORDS = {"q": "quit", "quit": "quit", "help": "help", "?": "help", "connect": "connect"}
"""Words that run an action."""

CALLS = ("export",)
"""Words that take the rest of the line as it is."""


@dataclass(frozen=True, slots=True)
class OpenMode:
    """Request to open a mode with a filter."""

    mode: Mode
    words: str


@dataclass(frozen=True, slots=True)
class Perform:
    """Request to perform an action of the table."""

    action_id: str


@dataclass(frozen=True, slots=True)
class Call:
    """Request to do something with the words behind its name."""

    name: str
    words: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Unknown command; the sentence lists the valid ones."""

    sentence: str


def read(line: str) -> OpenMode | Perform | Call | Unknown:
    """Parse a command line; a mode's name may be abbreviated or in the singular."""
    name, _, words = line.strip().partition(" ")
    name = name.casefold()
    if name in WORDS:
        return Perform(WORDS[name])
    if name in CALLS:
        return Call(name, words.strip())
    if not name:
        return Unknown(f"Type {_listed(Mode)}, {', '.join(CALLS)}, connect, help or q.")
    exact = [mode for mode in Mode if name in (mode.value, mode.noun)]
    meant = exact or [mode for mode in Mode if mode.value.startswith(name)]
    if len(meant) == 1:
        return OpenMode(meant[0], words.strip())
    if meant:
        return Unknown(f":{one_line(name)} is ambiguous ({' or '.join(meant)}); type one more letter.")
    near = get_close_matches(name, [*Mode, *CALLS, *WORDS], n=1)
    meant_so = (
        f"did you mean :{near[0]}?" if near else f"there are {_listed(Mode)}, {', '.join(CALLS)}, connect, help, q."
    )
    return Unknown(f"No command :{one_line(name)}; {meant_so}")


def complete(line: str, names: Iterable[str]) -> str | None:
    """Return the line with its last word (a mode or an agent) completed; None if nothing fits."""
    before, space, word = line.rpartition(" ")
    mark = "@" if word.startswith("@") else ""
    known = sorted(names) if space else [*Mode, *CALLS, "connect", "help", "quit"]
    typed = folded(word.removeprefix(mark))
    fitting = next((name for name in known if typed and folded(name).startswith(typed)), None)
    return f"{before}{space}{mark}{fitting}" if fitting else None


class CommandCompletions(Suggester):
    """Completions while typing; `names` returns the current agents' names."""

    def __init__(self, names: Callable[[], Iterable[str]]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._names = names

    async def get_suggestion(self, value: str) -> str | None:
        """Return the completed line."""
        return complete(value, self._names())


def _listed(modes: Iterable[Mode]) -> str:
    return ", ".join(modes)
