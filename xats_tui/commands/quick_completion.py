"""Shell completion without typer, whose import takes ten times as long as finding the words.

All commands with their flags are in `completion.tsv`, which `make pages` takes from typer's own tree.  What the table
cannot answer is left to typer.  Nothing is imported here, because a person waits for each Tab.
"""

TYPE_CHECKING = False  # `typing` imports for longer than the answer takes
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

VARIABLE = "_XATS_TUI_COMPLETE"
"""Set by the shell's script to `complete_SHELL`."""

TABLE = f"{__file__.rpartition('/')[0]}/completion.tsv"
"""Lines of tab-separated columns: command that it belongs to, kind, names, marks, words to offer, help.

Columns that are empty at the end of a line are left out.
"""

COMMAND, OPTION, ARGUMENT = "command", "option", "argument"
"""Kinds of lines."""

VALUE, MANY, HIDDEN = "value", "many", "hidden"
"""Marks: an option takes a value, may be given again, is not offered."""

LEFT_TO_TYPER = "*"
"""Words of a value that only typer can find out."""
ASKED = "?"
"""First character of words that a function of `completions.py` asks the coordinator for; its name follows."""


class Line:
    """One line of the table."""

    def __init__(self, line: str) -> None:
        self.of, self.kind, names, marks, self.words, self.help = [*line.split("\t"), "", "", ""][:6]
        self.names = names.split(" ")
        self.marks = marks.split(" ")


class Typed:
    """The complete words of a command line, as far as completion depends on them."""

    def __init__(self, lines: "Sequence[str]") -> None:
        self._lines = lines
        self.command = ""
        """Words of the command, without the program."""
        self.params: dict[str, str] = {}
        """Values of the flags so far, by the names that typer gives them."""
        self.awaited: Line | None = None
        """The option that the next word is a value of."""
        self.arguments = 0
        """Number of words that are neither command nor flag."""
        self.given: set[str] = set()
        """Names of the options so far."""

    def find_root(self) -> "Typed":
        """Return the words that come before the command, too."""
        return self

    def of_kind(self, kind: str) -> "Iterator[Line]":
        """Yield the lines of the command of one kind."""
        beginning = f"{self.command}\t{kind}\t"
        return (Line(line) for line in self._lines if line.startswith(beginning))

    def take(self, word: str) -> bool:
        """Take the next complete word; return False if typer has to decide what it is."""
        if option := self.awaited:
            self.awaited = None
            self.params[_parameter(option)] = word
            return not word.startswith("-")
        if word.startswith("-"):
            return self._take_option(word)
        if command := next((line for line in self.of_kind(COMMAND) if word in line.names), None):
            self.command = f"{self.command} {command.names[0]}".strip()
            self.given.clear()
            return True
        self.arguments += 1
        return any(self.of_kind(ARGUMENT))

    def _take_option(self, word: str) -> bool:
        name, has_value, value = word.partition("=")
        option = next((line for line in self.of_kind(OPTION) if name in line.names), None)
        if option is None or (has_value and VALUE not in option.marks):
            return False
        self.given.update(option.names)
        if has_value:
            self.params[_parameter(option)] = value
        elif VALUE in option.marks:
            self.awaited = option
        return True

    def offers(self, incomplete: str) -> "Iterable[tuple[str, str]] | None":
        """Return the words that may stand in the place of an incomplete one, with help; None leaves it to typer."""
        if incomplete.startswith("-"):
            return None if self.awaited or "=" in incomplete else self._options(incomplete)
        if self.awaited:
            return self._values(self.awaited, incomplete)
        arguments = list(self.of_kind(ARGUMENT))
        if not arguments:
            commands = self.of_kind(COMMAND)
            return ((one.names[0], one.help) for one in commands if one.names[0].startswith(incomplete))
        if self.arguments < len(arguments):
            return self._values(arguments[self.arguments], incomplete)
        return self._values(arguments[-1], incomplete) if MANY in arguments[-1].marks else ()

    def _options(self, incomplete: str) -> "Iterator[tuple[str, str]]":
        for option in self.of_kind(OPTION):
            is_spent = MANY not in option.marks and not self.given.isdisjoint(option.names)
            if not is_spent and HIDDEN not in option.marks:
                yield from ((name, option.help) for name in option.names if name.startswith(incomplete))

    def _values(self, line: Line, incomplete: str) -> "Iterable[tuple[str, str]] | None":
        if line.words == LEFT_TO_TYPER:
            return None
        if not line.words.startswith(ASKED):
            return ((word, "") for word in line.words.split(" ") if word and word.startswith(incomplete))
        from xats_tui.commands import completions  # deferred: most words are in the table

        complete: Callable[[Typed, str], list[str]] = getattr(completions, line.words.removeprefix(ASKED))
        return ((word, "") for word in complete(self, incomplete))


def answer(environment: "Mapping[str, str]") -> tuple[str, int] | None:
    """Return what the shell is told, and the exit code; None leaves the answer to typer."""
    shell = environment.get(VARIABLE, "").removeprefix("complete_")
    words = _words(shell, environment)
    if words is None:
        return None
    with open(TABLE, encoding="utf-8") as table:  # noqa: PTH123  # pathlib imports for longer than this takes
        typed = Typed(table.read().splitlines())
    if not all(map(typed.take, words[1:-1])):
        return None
    offered = typed.offers(words[-1])
    return None if offered is None else _told(shell, environment, list(offered))


def _words(shell: str, environment: "Mapping[str, str]") -> list[str] | None:
    """Return the words up to the incomplete one, which may be empty; None if they are not plainly separated."""
    line = environment.get("COMP_WORDS" if shell == "bash" else "_TYPER_COMPLETE_ARGS", "")
    if shell not in ("bash", "zsh", "fish") or any(sign in line for sign in "\"'\\\r\n\t"):
        return None
    words = [word for word in line.split(" ") if word]
    if shell == "bash":
        at = environment.get("COMP_CWORD", "")
        return [*words, ""][: int(at) + 1] if at.isdecimal() and 0 < int(at) <= len(words) else None
    return [*words, ""] if line.endswith(" ") or len(words) == 1 else words


def _told(shell: str, environment: "Mapping[str, str]", offered: list[tuple[str, str]]) -> tuple[str, int]:
    if shell == "bash":
        return "\n".join(word for word, _ in offered), 0
    if shell == "fish" and environment.get("_TYPER_COMPLETE_FISH_ACTION") == "is-args":
        return "", 0 if offered else 1
    if shell == "fish":
        return "\n".join(f"{word}\t{meaning}" if meaning else word for word, meaning in offered), 0
    items = (
        f'"{_escaped(word)}":"{_escaped(meaning)}"' if meaning else f'"{_escaped(word)}"' for word, meaning in offered
    )
    return "_arguments '*: :(({}))'".format("\n".join(items)) if offered else "_files", 0


def _escaped(text: str) -> str:
    """Return a text as typer escapes it for zsh."""
    for sign, instead in (('"', '""'), ("'", "''"), ("$", "\\$"), ("`", "\\`"), (":", r"\\:")):
        text = text.replace(sign, instead)
    return text


def _parameter(option: Line) -> str:
    return option.names[0].removeprefix("--").replace("-", "_")
