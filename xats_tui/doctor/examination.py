"""Checks and trials, in the order of the report."""

from collections.abc import Callable, Iterator, Sequence

from xats_tui.doctor.clients import clients
from xats_tui.doctor.coordinator import configuration, home, pid, port
from xats_tui.doctor.database import database
from xats_tui.doctor.finding import Case, Finding, State
from xats_tui.doctor.machine import open_files, python, terminal, tmux
from xats_tui.doctor.manifests import manifests
from xats_tui.doctor.panes import panes
from xats_tui.doctor.trials import trials

Check = Callable[[Case], Iterator[Finding]]

CHECKS: Sequence[tuple[str, Check]] = (
    ("Python", python),
    ("open files", open_files),
    ("terminal", terminal),
    ("tmux", tmux),
    ("home", home),
    ("configuration", configuration),
    ("coordinator", pid),
    ("port", port),
    ("panes", panes),
    ("database", database),
    ("clients", clients),
    ("client manifests", manifests),
)
"""Checks, each with its name while it runs."""

TRIALS: Sequence[tuple[str, Check]] = (("trying a bridge, and a wake in a scratch pane: some seconds", trials),)
"""Trials, each with its name while it runs."""


def examined(name: str, check: Check, case: Case) -> Iterator[Finding]:
    """Yield the findings of a check."""
    # A failing check is itself a finding: the others still run.
    try:
        yield from check(case)
    except Exception as error:
        found = f"could not be checked: {type(error).__name__}: {error}"
        yield Finding(topic=name, state=State.PROBLEM, found=found, remedy="report this, with the line above")
