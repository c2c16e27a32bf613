"""Which program a command line runs.

It knows argument vectors, not processes: how they are read is for whoever has them.
"""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

INTERPRETERS = re.compile(r"(node|bun|deno|python[\d.]*|ba?sh|dash|zsh|env)", re.IGNORECASE)
"""Programs that run the one named in their first argument."""


def program_names(command: Sequence[str]) -> list[str]:
    """The names that a process runs under: its executable's, and its script's if it is an interpreter."""
    names = [PurePosixPath(argument).name.removeprefix("-") for argument in command[:1]]
    if names and INTERPRETERS.fullmatch(names[0]):
        script = next((argument for argument in command[1:] if not argument.startswith("-")), "")
        names.append(PurePosixPath(script).name.removesuffix(".js").removesuffix(".py"))
    return names
