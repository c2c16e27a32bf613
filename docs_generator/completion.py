"""The table from which a shell's completion is answered, taken from typer's tree of commands."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from xats_tui.commands import completions
from xats_tui.commands.command_line import cli
from xats_tui.commands.quick_completion import ARGUMENT, ASKED, COMMAND, HIDDEN, LEFT_TO_TYPER, MANY, OPTION, VALUE

PLACE = Path(completions.__file__).with_name("completion.tsv")


def table() -> str:
    """Return a line for each command, option and argument."""
    return "".join(f"{line.rstrip()}\n" for line in _lines(typer.main.get_command(cli), ()))


def _lines(command: Any, words: tuple[str, ...]) -> Iterator[str]:
    context = command.make_context("xats-tui", [], resilient_parsing=True)
    for parameter in command.get_params(context):
        yield "\t".join((" ".join(words), *_parameter(parameter)))
    below = {name: command.get_command(context, name) for name in getattr(command, "commands", {})}
    shown = {name: one for name, one in below.items() if not one.hidden}
    for name, one in shown.items():
        yield "\t".join((" ".join(words), COMMAND, name, "", "", _plain(one.get_short_help_str())))
    for name, one in below.items():
        yield from _lines(one, (*words, name))


def _parameter(parameter: Any) -> tuple[str, ...]:
    assert parameter.nargs in (1, -1), f"{parameter.name}: several values at once are not foreseen"
    if parameter.param_type_name == ARGUMENT:
        return ARGUMENT, parameter.name, MANY if parameter.nargs == -1 else "", _words(parameter), ""
    takes_value = not (parameter.is_flag or parameter.count)
    marks = {VALUE: takes_value, MANY: parameter.multiple, HIDDEN: parameter.hidden}
    return (
        OPTION,
        " ".join([*parameter.opts, *parameter.secondary_opts]),
        " ".join(mark for mark, holds in marks.items() if holds),
        _words(parameter) if takes_value else "",
        "" if parameter.hidden else _plain(parameter.help or ""),
    )


def _words(parameter: Any) -> str:
    """Return the words that may be offered as a value of a parameter."""
    if parameter._custom_shell_complete is not None:
        complete = _declared(parameter)
        return f"{ASKED}{complete.__name__}" if complete.__module__ == completions.__name__ else LEFT_TO_TYPER
    kind = parameter.type_descriptor
    if kind.is_choice:
        return " ".join(map(str, kind.choices)) if kind.case_sensitive else LEFT_TO_TYPER
    return LEFT_TO_TYPER if kind.is_file else ""


def _declared(parameter: Any) -> Any:
    """Return the function that a command declares for a parameter; typer wraps it twice."""
    wrapper = parameter._custom_shell_complete
    while wrapper.__module__.startswith("typer"):
        wrapper = next(cell.cell_contents for cell in wrapper.__closure__ if callable(cell.cell_contents))
    return wrapper


def _plain(text: str) -> str:
    return " ".join(text.split())
