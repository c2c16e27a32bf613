"""What was found, and what there is to look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from xats_tui.clients.setup.own_command import OwnCommand
from xats_tui.clients.setup.program import ConfigContext
from xats_tui.runtime.settings import Loaded


class State(StrEnum):
    """How it stands with something."""

    OK = "ok"
    SKIPPED = "skipped"
    """Not there, and nobody has to have it."""
    WARNING = "warning"
    """It works, but not as it could."""
    PROBLEM = "problem"
    """It does not work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    topic: str
    """What: `tmux`, `Claude Code`."""
    state: State
    found: str
    """What is so, in one sentence without its full stop."""
    remedy: str = ""
    """What to do about it; empty if nothing has to be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The machine as this process sees it."""

    loaded: Loaded
    """The settings; the defaults where those that were given cannot be used."""
    complaint: str
    """What is wrong with those that were given; empty if nothing is."""
    environment: Mapping[str, str]
    around: ConfigContext
    own: OwnCommand


def ok(topic: str, found: str) -> Finding:
    """It is as it should be."""
    return Finding(topic=topic, state=State.OK, found=found)


def skipped(topic: str, found: str) -> Finding:
    """It is not there."""
    return Finding(topic=topic, state=State.SKIPPED, found=found)


def warning(topic: str, found: str, remedy: str) -> Finding:
    """It could be better."""
    return Finding(topic=topic, state=State.WARNING, found=found, remedy=remedy)


def problem(topic: str, found: str, remedy: str) -> Finding:
    """It keeps something from working."""
    return Finding(topic=topic, state=State.PROBLEM, found=found, remedy=remedy)
