"""What there is to look at and to try, in the order in which it is told."""

from collections.abc import Callable, Iterator, Sequence

from xats_tui.doctor.clients import clients
from xats_tui.doctor.coordinator import configuration, home, pid, port
from xats_tui.doctor.database import database
from xats_tui.doctor.finding import Case, Finding, State
from xats_tui.doctor.machine import open_files, python, terminal, tmux
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
)
"""What is looked at, with what it is called while it is."""

TRIALS: Sequence[tuple[str, Check]] = (("trying a bridge, and a wake in a scratch pane: some seconds", trials),)
"""What is tried."""


def examined(name: str, check: Check, case: Case) -> Iterator[Finding]:
    """The findings of one check; one that fails is itself a finding."""
    try:
        yield from check(case)
    except Exception as error:
        found = f"could not be looked at: {type(error).__name__}: {error}"
        yield Finding(topic=name, state=State.PROBLEM, found=found, remedy="report this, with the line above")
