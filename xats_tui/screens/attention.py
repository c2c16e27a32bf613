"""What needs the operator, most urgent first: a pure reading of the picture.

Each item names what it is about, so that enter can lead to the cause.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from xats_tui.backend.model import PaneState, TaskStatus, Wake, WakeStatus, WakeStep
from xats_tui.screens.actions import Panel
from xats_tui.screens.format import Tone, age, count, one_line, short_id, until
from xats_tui.screens.source import Picture, is_present

LONG_WAIT = timedelta(minutes=2)
"""A wake that waits longer than this is worth a look; an agent's turn is usually shorter."""

OLD_MAIL = timedelta(minutes=10)
"""Mail unread for longer than this, without a wake that says why, is worth a look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """One thing that needs the operator."""

    key: str
    """The same as long as it is the same concern."""
    shape: str
    tone: Tone
    subject: str
    reason: str
    panel: Panel | None = None
    """Where its cause is shown; None if it is not on the screen."""
    row: str = ""
    """The key of the cause in that panel."""


def concerns(picture: Picture, now: datetime, *, tmux_missing: bool = False) -> tuple[Concern, ...]:
    """Everything that needs the operator, most urgent first."""
    if tmux_missing:
        reason = "tmux is not installed: messages arrive, but no pane can be seen or woken"
        missing = [Concern(key="tmux", shape="✕", tone=Tone.BAD, subject="tmux", reason=reason)]
    else:
        missing = []
    wakes = (*_failed_wakes(picture), *_long_waits(picture, now))
    spoken_for = {concern.row.rpartition("/")[2] for concern in wakes}
    return (
        *missing,
        *_dialogs(picture, now),
        *wakes,
        *_old_mail(picture, now, spoken_for),
        *_orphaned_tasks(picture, now),
        *_breaking_contracts(picture),
    )


def _dialogs(picture: Picture, now: datetime) -> Iterator[Concern]:
    for entry in picture.roster:
        view = picture.view(entry)
        if view and view.reading.state is PaneState.DIALOG:
            yield Concern(
                key=f"dialog/{entry.agent.agent_id}",
                shape="◆",
                tone=Tone.WARN,
                subject=one_line(entry.agent.address),
                reason=f"dialog open for {age(now - view.state_since, precise=True)}: {one_line(view.reading.reason)}",
                panel=Panel.AGENTS,
                row=entry.agent.agent_id,
            )


def _failed_wakes(picture: Picture) -> Iterator[Concern]:
    failed = [wake for wake in picture.wakes if wake.status is WakeStatus.FAILED and not _was_read(wake)]
    for wakes in _by_agent(picture, failed).values():
        latest = wakes[0]
        yield Concern(
            key=f"failed/{latest.agent_id}",
            shape="✕",
            tone=Tone.BAD,
            subject=_wake_subject(picture, wakes),
            reason=f"failed: {one_line(latest.detail or latest.skip_reason) or 'no reason recorded'}",
            panel=Panel.WAKES,
            row=latest.key,
        )


def _long_waits(picture: Picture, now: datetime) -> Iterator[Concern]:
    waiting = [wake for wake in picture.wakes if _is_waiting(wake) and now - _queued_at(wake) > LONG_WAIT]
    for wakes in _by_agent(picture, waiting).values():
        oldest = min(wakes, key=_queued_at)
        reason = one_line(oldest.detail or oldest.skip_reason) or "not tried yet"
        next_try = f"next try {until(oldest.due_at, now)}" if oldest.due_at else ""
        yield Concern(
            key=f"waiting/{oldest.agent_id}",
            shape="◐",
            tone=Tone.WARN,
            subject=_wake_subject(picture, wakes),
            reason=f"waiting {age(now - _queued_at(oldest))}: {reason}; tried {oldest.attempts}×, {next_try}",
            panel=Panel.WAKES,
            row=oldest.key,
        )


def _old_mail(picture: Picture, now: datetime, spoken_for: set[str]) -> Iterator[Concern]:
    for entry in picture.roster:
        oldest = entry.oldest_unread_at
        if oldest and now - oldest > OLD_MAIL and entry.agent.agent_id not in spoken_for:
            yield Concern(
                key=f"mail/{entry.agent.agent_id}",
                shape="✉",
                tone=Tone.WARN,
                subject=one_line(entry.agent.address),
                reason=f"{count(entry.unread, 'message')} unread, the oldest for {age(now - oldest)}",
                panel=Panel.AGENTS,
                row=entry.agent.agent_id,
            )


def _orphaned_tasks(picture: Picture, now: datetime) -> Iterator[Concern]:
    for entry in picture.tasks:
        task = entry.task
        if task.status is not TaskStatus.IN_PROGRESS or not task.claimed_by:
            continue
        owner = picture.entry(task.claimed_by)
        if owner is None or not is_present(owner):
            whom = f"its owner {one_line(entry.owner_name) or short_id(task.claimed_by)} is"
            away = f"away since {age(now - owner.agent.last_seen_at)}" if owner else "gone"
            yield Concern(
                key=f"task/{task.id}",
                shape="✕",
                tone=Tone.WARN if owner else Tone.BAD,
                subject=f"task {one_line(task.title)}",
                reason=f"{whom} {away}",
                panel=Panel.TASKS,
                row=task.id,
            )


def _breaking_contracts(picture: Picture) -> Iterator[Concern]:
    for summary in picture.contracts:
        behind = [who for who in summary.subscribers if (who.fetched_version or 0) < summary.version]
        if summary.breaking and behind:
            names = one_line(", ".join(who.name for who in behind))
            yield Concern(
                key=f"contract/{summary.team}/{summary.name}",
                shape="⚠",
                tone=Tone.WARN,
                subject=f"contract {one_line(summary.name)} v{summary.version}",
                reason=f"breaking, not fetched yet by {names}",
                panel=Panel.CONTRACTS,
                row=f"{summary.team}/{summary.name}",
            )


def _by_agent(picture: Picture, wakes: list[Wake]) -> dict[str, list[Wake]]:
    """Wakes of agents that are still registered: nobody can do anything about the others."""
    grouped: dict[str, list[Wake]] = defaultdict(list)
    for wake in wakes:
        if picture.entry(wake.agent_id):
            grouped[wake.agent_id].append(wake)
    return grouped


def _wake_subject(picture: Picture, wakes: list[Wake]) -> str:
    entry = picture.entry(wakes[0].agent_id)
    address = one_line(entry.agent.address) if entry else short_id(wakes[0].agent_id)
    return f"wake → {address}" if len(wakes) == 1 else f"{len(wakes)} wakes → {address}"


def _is_waiting(wake: Wake) -> bool:
    return wake.status is WakeStatus.RETRYING and not wake.is_over and not _was_read(wake)


def _was_read(wake: Wake) -> bool:
    return WakeStep.SEEN in wake.reached or WakeStep.READ in wake.reached


def _queued_at(wake: Wake) -> datetime:
    return wake.reached.get(WakeStep.QUEUED, wake.updated_at)
