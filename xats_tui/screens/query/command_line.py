"""What is typed after `:` and what it means: a mode with a filter, help, or leaving; and how it is completed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from textual.suggester import Suggester

from xats_tui.core.model.labels import folded
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.widgets.format import one_line

WORDS = {"q": "quit", "quit": "quit", "help": "help", "?": "help"}
"""Words that stand for an action."""


@dataclass(frozen=True, slots=True)
class OpenMode:
    """Open a mode with a filter."""

    mode: Mode
    words: str


@dataclass(frozen=True, slots=True)
class Perform:
    """Carry out an action of the table."""

    action_id: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It means nothing; the sentence says what would."""

    sentence: str


def read(line: str) -> OpenMode | Perform | Unknown:
    """What a command line means; names of modes may be cut short, and stand in the singular."""
    name, _, words = line.strip().partition(" ")
    name = name.casefold()
    if name in WORDS:
        return Perform(WORDS[name])
    if not name:
        return Unknown(f"type one of {_listed(Mode)}, help, q")
    exact = [mode for mode in Mode if name in (mode.value, mode.noun)]
    meant = exact or [mode for mode in Mode if mode.value.startswith(name)]
    if len(meant) == 1:
        return OpenMode(meant[0], words.strip())
    if meant:
        return Unknown(f":{one_line(name)} may be {' or '.join(meant)}: type one letter more")
    return Unknown(f":{one_line(name)} is no command; there are {_listed(Mode)}, help, q")


def complete(line: str, names: Iterable[str]) -> str | None:
    """The line with its last word completed: a mode's name, or an agent's; None if nothing fits."""
    before, space, word = line.rpartition(" ")
    mark = "@" if word.startswith("@") else ""
    known = sorted(names) if space else [*Mode, "help", "quit"]
    typed = folded(word.removeprefix(mark))
    fitting = next((name for name in known if typed and folded(name).startswith(typed)), None)
    return f"{before}{space}{mark}{fitting}" if fitting else None


class CommandCompletions(Suggester):
    """Completes while typing; `names` gives the agents of the moment."""

    def __init__(self, names: Callable[[], Iterable[str]]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._names = names

    async def get_suggestion(self, value: str) -> str | None:
        """The whole line, completed."""
        return complete(value, self._names())


def _listed(modes: Iterable[Mode]) -> str:
    return ", ".join(modes)
