"""`xats-tui config`: the effective settings and their sources."""

import json
from typing import Annotated

import typer

from xats_tui.runtime.settings import InvalidSettings, Loaded


def config(
    loaded: Loaded,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")] = False,
) -> int:
    """Show the effective settings and where each came from."""
    if loaded.settings.keys:
        # Deferred: the dashboard's actions are known where Textual is, which takes a third of a second.
        from xats_tui.dashboard.keys import complaint

        if problem := complaint(loaded):
            raise InvalidSettings(problem)
    rows = loaded.shown()
    if as_json:
        print(json.dumps({name: {"value": value, "source": source} for name, value, source in rows}, indent=2))
        return 0
    name_width = max(len(name) for name, _, _ in rows)
    value_width = max(len(str(value)) for _, value, _ in rows)
    for name, value, source in rows:
        print(f"{name:<{name_width}}  {value!s:<{value_width}}  {source}")
    path = loaded.settings.config_path
    print(f"\nconfig file: {path}" + ("" if path.exists() else " (does not exist)"))
    return 0
