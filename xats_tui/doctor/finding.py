"""Findings of a check, and the input of the checks."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from xats_tui.clients.setup.own_command import OwnCommand
from xats_tui.clients.setup.program import ConfigContext
from xats_tui.runtime.settings import Loaded


class State(StrEnum):
    """Severity of a finding."""

    OK = "ok"
    SKIPPED = "skipped"
    """Missing, but not required."""
    WARNING = "warning"
    """Works, but not fully."""
    PROBLEM = "problem"
    """Does not work."""


class Finding(Struct, frozen=True, kw_only=True):
    """Result of a check."""

    topic: str
    """Subject: `tmux`, `Claude Code`."""
    state: State
    found: str
    """Description in one sentence, without a full stop."""
    remedy: str = ""
    """Fix; empty if nothing has to be done."""


class Case(Struct, frozen=True, kw_only=True):
    """The machine as this process sees it."""

    loaded: Loaded
    """Settings; the defaults if the given ones are invalid."""
    complaint: str
    """Complaint about invalid settings; empty if they are valid."""
    environment: Mapping[str, str]
    around: ConfigContext
    own: OwnCommand


def ok(topic: str, found: str) -> Finding:
    """Return a finding that something is in order."""
    return Finding(topic=topic, state=State.OK, found=found)


def skipped(topic: str, found: str) -> Finding:
    """Return a finding that something is missing but not required."""
    return Finding(topic=topic, state=State.SKIPPED, found=found)


def warning(topic: str, found: str, remedy: str) -> Finding:
    """Return a finding about a limitation, with its fix."""
    return Finding(topic=topic, state=State.WARNING, found=found, remedy=remedy)


def problem(topic: str, found: str, remedy: str) -> Finding:
    """Return a finding about a failure, with its fix."""
    return Finding(topic=topic, state=State.PROBLEM, found=found, remedy=remedy)
