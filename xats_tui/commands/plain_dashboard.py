"""`xats-tui` with a command line that can be read without typer.

Importing typer takes a tenth of the time until the dashboard shows its first data.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from xats_tui.commands.dashboard import dashboard
from xats_tui.commands.plain_bridge import FLAGS
from xats_tui.commands.quick_completion import VARIABLE
from xats_tui.runtime.settings import load

TAKEOVER, READ_ONLY = "--takeover", "--read-only"


class DashboardLine(Struct, frozen=True, kw_only=True):
    """What a command line says to a dashboard."""

    settings: Mapping[str, str]
    takeover: bool
    read_only: bool


def read(command_line: Sequence[str], environment: Mapping[str, str]) -> DashboardLine | None:
    """Return what a command line says; None if it has anything else than flags that are known here."""
    if VARIABLE in environment:  # the words that a shell asks about are not on the command line
        return None
    settings: dict[str, str] = {}
    bare: set[str] = set()
    words: Iterator[str] = iter(command_line[1:])
    for word in words:
        flag, has_value, value = word.partition("=")
        if word in (TAKEOVER, READ_ONLY):
            bare.add(word)
        elif flag in FLAGS:
            told = value if has_value else next(words, None)
            if told is None:
                return None
            settings[FLAGS[flag]] = told
        else:
            return None
    return DashboardLine(settings=settings, takeover=TAKEOVER in bare, read_only=READ_ONLY in bare)


def run(line: DashboardLine) -> int:
    """Open the dashboard, and return its exit code."""
    return dashboard(load(line.settings), takeover=line.takeover, read_only=line.read_only)
