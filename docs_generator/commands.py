"""Reference of all commands, taken from their typer definitions."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import typer

from docs_generator.markdown import code, fenced
from xats_tui.commands.command_line import NAME, cli
from xats_tui.runtime.settings import SETTINGS

PLACEHOLDER = re.compile(r" <(?P<type>[^>]+)>")
BARE = re.compile(r"^(-- )?[A-Z]+$")

TYPES = {"str": "TEXT", "int": "N", "int range": "N", "float": "N", "path": "PATH"}

TAKES_SETTINGS = "Also takes the [flags of all settings](configuration.md)."


def commands() -> str:
    """Return a section for each command, the dashboard first."""
    root: Any = typer.main.get_command(cli)
    # The help of the completion flags names the shell of the person who runs this: it would differ between machines.
    own = [one for one in root.params if one.name not in ("install_completion", "show_completion")]
    sections = [_section(NAME, root, own)]
    sections += [_section(name, command, command.params) for name, command in _leaves(NAME, root)]
    return "\n".join(sections)


def _leaves(name: str, group: Any) -> Iterator[tuple[str, Any]]:
    """Yield each command below a group with its whole name."""
    for word, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _leaves(f"{name} {word}", command)
        else:
            yield f"{name} {word}", command


def _section(title: str, command: Any, parameters: Iterable[Any]) -> str:
    context = command.make_context(title, [], resilient_parsing=True)
    usage = fenced(" ".join([title, *command.collect_usage_pieces(context)]))
    items = "".join(_items(context, parameters))
    settings = f"{TAKES_SETTINGS}\n" if any(one.name in SETTINGS for one in command.params) else ""
    return "\n".join(
        part for part in (f"## {title}\n", usage, f"{(command.help or '').strip()}\n", items, settings) if part
    )


def _items(context: Any, parameters: Iterable[Any]) -> Iterator[str]:
    for parameter in parameters:
        record = parameter.get_help_record(context)
        if record and parameter.name not in SETTINGS:
            spelling, meaning = record
            yield f"- {code(_spelling(spelling))}: {meaning.strip()}\n"


def _spelling(text: str) -> str:
    """Shorten a parameter: `BODY <str>` to `BODY`, `--timeout <int range>` to `--timeout N`; keep choices."""
    found = PLACEHOLDER.search(text)
    if found is None or "|" in found["type"]:
        return text
    word = text[: found.start()]
    return word if BARE.match(word) else f"{word} {TYPES[found['type']]}"
