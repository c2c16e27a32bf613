"""The wakes of the sample: in every state, with attempts and gates."""

from datetime import timedelta

from tests.screens.sample.agents import BACKEND, DOCS, FRONTEND, PLANNER, QA, TRANSLATOR
from tests.screens.sample.clock import NOW, ago
from xats_tui.core.model.agents import (
    Agent,
)
from xats_tui.core.model.wakes import Gate, Wake, WakeAttempt, WakeStage, WakeStatus


def wake(
    who: Agent, number: int, status: WakeStatus, detail: str | None, tries: int, minutes: float, *rungs: WakeStage
) -> Wake:
    """A wake that was queued so many minutes ago and has come to these rungs."""
    queued = ago(minutes=minutes)
    reached = {step: queued + timedelta(seconds=2 * index) for index, step in enumerate((WakeStage.QUEUED, *rungs))}
    waiting = status is WakeStatus.RETRYING
    return Wake(
        message_id=f"8f3c{number:04d}-77aa-4d2e",
        agent_id=who.agent_id,
        status=status,
        skip_reason=None,
        detail=detail,
        attempts=tries,
        failures=tries if status is WakeStatus.FAILED else 0,
        transport="tmux-pane",
        reached=reached,
        due_at=NOW + timedelta(minutes=6, seconds=40) if waiting else None,
        expires_at=NOW + timedelta(hours=20) if waiting else None,
        updated_at=queued + timedelta(seconds=4),
        sender_id=None,
        subject="deploy docs?",
    )


WAKES = (
    wake(FRONTEND, 7, WakeStatus.DELIVERED, None, 1, 0.4, WakeStage.ATTEMPTED, WakeStage.TYPED, WakeStage.SUBMITTED),
    wake(BACKEND, 6, WakeStatus.RETRYING, "a permission dialog is open", 2, 5, WakeStage.ATTEMPTED),
    wake(QA, 5, WakeStatus.FAILED, "the pane is a shell (zsh)", 4, 4, WakeStage.ATTEMPTED),
    wake(DOCS, 4, WakeStatus.RETRYING, "busy", 2, 11, WakeStage.ATTEMPTED),
    wake(PLANNER, 3, WakeStatus.DELIVERED, None, 1, 22, *list(WakeStage)[1:]),
    wake(TRANSLATOR, 2, WakeStatus.SKIPPED, "no pane is known", 0, 41),
)


ATTEMPTS = (
    WakeAttempt(
        number=1,
        at=ago(minutes=11),
        transport="tmux-pane %7",
        outcome="deferred: busy",
        seen_before="⠹ Working (4s • esc to interrupt)",
        seen_after="",
    ),
    WakeAttempt(
        number=2,
        at=ago(minutes=10.5),
        transport="tmux-pane %7",
        outcome="deferred: busy",
        seen_before="⠸ Working (34s • esc to interrupt)",
        seen_after="",
    ),
)


GATES = tuple(
    Gate(name=name, holds=not detail.startswith("!"), detail=detail.removeprefix("!"))
    for name, detail in (
        ("mail", "not read yet"),
        ("do not disturb", "off"),
        ("earlier hint", "answered, or long ago"),
        ("budget", "3 of 60 hints in the last hour"),
        ("ack loop", "none noticed"),
        ("owner", "process 4412"),
        ("process", "in the foreground"),
        ("mode", "no copy mode"),
        ("shell", "no shell"),
        ("draft", "none"),
        ("dialog", "none"),
        ("state", "!busy: spinner in the title"),
        ("hooks", "nothing reported"),
        ("quiet", "!unchanged for 0.4 s of 0.5 s"),
    )
)
