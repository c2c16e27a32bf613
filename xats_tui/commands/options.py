"""Flags of every command, one for each setting, accepted before or after the command's name.

This module knows how settings are named and described, not what they do.
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Concatenate, ParamSpec

import typer

from xats_tui.runtime.settings import DESCRIPTION, FILE_ONLY, SETTINGS, Loaded, flag_of, load

P = ParamSpec("P")

FLAGS = tuple(name for name in SETTINGS if name not in FILE_ONLY)
"""Settings that have a flag."""

COMMON = ("home", "host", "port", "token", "db", "pid_file", "contracts")
"""Flags that `--help` shows; `xats-tui config` and the documentation list the others."""

METAVARS = {
    "home": "DIR",
    "host": "ADDRESS",
    "port": "N",
    "token": "SECRET",
    "db": "FILE",
    "pid_file": "FILE",
    "contracts": "DIR",
}


def accepts_flags(command: Callable[..., int | None]) -> Callable[..., int | None]:
    """Turn a function of the context, the given flags and its own parameters into a typer callback."""
    own = list(inspect.signature(command, eval_str=True).parameters.values())[2:]

    @functools.wraps(command)
    def callback(**arguments: Any) -> int | None:
        context: typer.Context = arguments.pop("context")
        values = {name: arguments.pop(name) for name in FLAGS}
        return command(context, {name: value for name, value in values.items() if value is not None}, **arguments)

    context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    parameters = [context, *own, *(_flag(name) for name in FLAGS)]
    signature = inspect.Signature([parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters])
    callback.__signature__ = signature  # type: ignore[attr-defined]
    callback.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return callback


def with_settings(command: Callable[Concatenate[Loaded, P], int]) -> Callable[..., int | None]:
    """Turn a function of the effective settings and its own parameters into a typer callback."""

    def run(context: typer.Context, flags: Mapping[str, str], *args: P.args, **kwargs: P.kwargs) -> int:
        return command(load({**(context.obj or {}), **flags}), *args, **kwargs)

    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    leading = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in ("context", "flags")]
    run.__signature__ = inspect.Signature([*leading, *own])  # type: ignore[attr-defined]
    run.__doc__ = command.__doc__
    run.__name__ = command.__name__
    return accepts_flags(run)


def _flag(name: str) -> inspect.Parameter:
    option = typer.Option(
        flag_of(name),
        help=SETTINGS[name][DESCRIPTION],
        metavar=METAVARS.get(name, "VALUE"),
        hidden=name not in COMMON,
        show_default=False,
    )
    # Text for every setting: only `settings` judges values, so that an invalid one gets the same sentence everywhere.
    annotation = Annotated[str | None, option]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
