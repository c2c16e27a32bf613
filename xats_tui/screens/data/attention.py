"""Attention list: everything that needs the operator, most urgent first.

Each concern names the rows that cause it, so that enter can lead there.  Pure functions of the snapshot.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from operator import is_not
from pathlib import PurePath

from xats_tui.core.clock import to_wire
from xats_tui.core.model.agents import OPERATOR_ID, RosterEntry
from xats_tui.core.model.messages import Message
from xats_tui.core.model.panes import OwnText
from xats_tui.core.model.tasks import TaskStatus
from xats_tui.core.model.wakes import ACK_LOOP, Wake, WakeStatus
from xats_tui.screens.data.alerts import asking
from xats_tui.screens.data.concern import Concern
from xats_tui.screens.data.snapshot import Slice, Snapshot, is_away
from xats_tui.screens.data.targets import all_failed, contract_key, queued_at, was_not_read
from xats_tui.screens.modes.listing import MINUTES_AFTER_S, SECONDS_AFTER_S
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.rows.names import contract_name, name_of
from xats_tui.screens.widgets.format import Tone, age, count, is_soon, is_young, one_line, short_id, until

# An agent's turn is usually shorter than this.
LONG_WAIT = timedelta(minutes=2)
"""Waiting time after which a wake is listed."""

OLD_MAIL = timedelta(minutes=10)
"""Age after which unread messages are listed, unless a wake already explains them."""


OLD_QUESTION = timedelta(minutes=10)
"""Age after which a message without its requested reply is listed."""


def concerns(snapshot: Snapshot, now: datetime, *, tmux_missing: bool = False) -> tuple[Concern, ...]:
    """Return all concerns, most urgent first."""
    urgent = _urgent(snapshot, now, tuple(_failed_wakes(snapshot)), tmux_missing=tmux_missing)
    return (*urgent, *_calm(snapshot, now, _spoken_for(urgent)))


def _urgent(snapshot: Snapshot, now: datetime, failed: Iterable[Concern], *, tmux_missing: bool) -> tuple[Concern, ...]:
    """Return the concerns whose reasons may tell seconds, and what has failed, of which the wakes are given."""
    if tmux_missing:
        reason = "tmux is not installed: messages arrive, but panes cannot be read and agents cannot be woken"
        missing = [Concern(key="tmux", shape="✕", tone=Tone.BAD, subject="tmux", reason=reason)]
    else:
        missing = []
    dialogs = tuple(_dialogs(snapshot, now))
    mixed = tuple(_mixed_hints(snapshot))
    asking = {concern.row for concern in (*dialogs, *mixed)}
    return (
        *_lost(snapshot),
        *missing,
        *dialogs,
        *mixed,
        *_troubles(snapshot),
        *failed,
        *_long_waits(snapshot, now, asking),
        *_own_mail(snapshot, now),
    )


def _spoken_for(urgent: Iterable[Concern]) -> frozenset[str]:
    """Return the agents about whom a dialog, an input line or a wake says already why they read nothing."""
    return frozenset(
        concern.row if concern.mode is Mode.AGENTS else concern.row.rpartition("/")[2]
        for concern in urgent
        if concern.mode in (Mode.AGENTS, Mode.WAKES)
    )


def _calm(snapshot: Snapshot, now: datetime, spoken_for: frozenset[str]) -> tuple[Concern, ...]:
    """Return the concerns whose reasons tell minutes at most."""
    return (
        *_old_mail(snapshot, now, spoken_for),
        *_unanswered(snapshot, now, spoken_for),
        *_orphaned_tasks(snapshot, now),
        *_breaking_contracts(snapshot),
        *_ack_loops(snapshot),
        *_unconnected(snapshot),
    )


READ = (
    Slice.ROSTER,
    Slice.VIEWS,
    Slice.UNCONNECTED,
    Slice.WAKES,
    Slice.TASKS,
    Slice.CONTRACTS,
    Slice.INBOX,
    Slice.UNANSWERED,
)
"""Slices that concerns are read from, besides the troubles that the health tells."""


class ConcernCache:
    """Concerns as they were read last; read again only when they can have changed, as the rows of lists are."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, bool], tuple[tuple[object, ...], tuple[object, ...], tuple[Concern, ...]]] = {}
        """Slices and facts that concerns were read from, and the concerns; by kind, and True for those of all teams."""

    def of(self, snapshot: Snapshot, now: datetime, *, tmux_missing: bool = False) -> tuple[Concern, ...]:
        """Return all concerns, most urgent first."""
        health = snapshot.health
        told = (health.troubles, health.unstored) if health else ()
        moment = int(now.timestamp())
        failed = self._read("failed", snapshot, (), lambda: tuple(_failed_wakes(snapshot)))
        pace = SECONDS_AFTER_S if _tells_seconds(snapshot, now) else MINUTES_AFTER_S
        urgent = self._read(
            "urgent",
            snapshot,
            (*told, snapshot.outage, tmux_missing, failed, moment // pace),
            lambda: _urgent(snapshot, now, failed, tmux_missing=tmux_missing),
        )
        spoken_for = _spoken_for(urgent)
        calm = self._read(
            "calm",
            snapshot,
            (spoken_for, moment // MINUTES_AFTER_S),
            lambda: _calm(snapshot, now, spoken_for),
        )
        return self._read("all", snapshot, (urgent, calm), lambda: (*urgent, *calm))

    def _read(
        self, kind: str, snapshot: Snapshot, facts: tuple[object, ...], read: Callable[[], tuple[Concern, ...]]
    ) -> tuple[Concern, ...]:
        """Return the concerns of a kind; read them if a slice or a fact is another one."""
        place = (kind, snapshot.team is None)
        slices = (*(getattr(snapshot, part.value) for part in READ), snapshot.everyone)
        facts = (*facts, snapshot.team)
        kept = self._kept.get(place)
        if kept is None or facts != kept[1] or any(map(is_not, slices, kept[0])):
            known = {concern.key: concern for concern in kept[2]} if kept else {}
            kept = self._kept[place] = (slices, facts, tuple(_known(known.get(one.key), one) for one in read()))
        return kept[2]

    def outside(self, snapshot: Snapshot, now: datetime) -> int:
        """Return the number of concerns that a snapshot leaves out because it is limited to a team."""
        if snapshot.team is None:
            return 0
        within = {concern.key for concern in self.of(snapshot, now)}
        return sum(concern.key not in within for concern in self.of(snapshot.whole, now))


def _known(before: Concern | None, concern: Concern) -> Concern:
    """Return the concern that was read before, if the other one is equal: its row is then the same, too."""
    return before if before == concern and before is not None else concern


def _tells_seconds(snapshot: Snapshot, now: datetime) -> bool:
    """Return whether a time in the reasons is shown in seconds."""
    return (
        bool(asking(snapshot))
        or any(is_young(mail.sent_at, now) for mail in snapshot.inbox if mail.read_at is None)
        or any(_is_worth_a_look(wake, now) and _is_told_in_seconds(wake, now) for wake in snapshot.wakes)
    )


def _is_told_in_seconds(wake: Wake, now: datetime) -> bool:
    return is_young(queued_at(wake), now) or (wake.due_at is not None and is_soon(wake.due_at, now))


def _troubles(snapshot: Snapshot) -> Iterator[Concern]:
    """Yield the coordinator's current troubles."""
    if snapshot.outage:
        yield Concern(key="outage", shape="✕", tone=Tone.BAD, subject="database", reason=one_line(snapshot.outage))
    health = snapshot.health
    told = [trouble for trouble in health.troubles if trouble.text != health.unstored] if health else []
    for trouble in told:
        yield Concern(
            key=f"trouble/{trouble.subject}",
            shape="✕",
            tone=Tone.WARN,
            subject=one_line(trouble.subject),
            reason=one_line(trouble.text),
            mode=Mode.ACTIVITY,
            rows=(f"notice/{trouble.number}",),
        )


def _lost(snapshot: Snapshot) -> Iterator[Concern]:
    """Yield a concern if the database files were deleted; it comes first because data is being lost."""
    if snapshot.health and snapshot.health.unstored:
        reason = one_line(snapshot.health.unstored)
        yield Concern(
            key="unstored", shape="✕", tone=Tone.BAD, subject="NOTHING IS STORED", reason=reason, remedy="save_database"
        )


def _dialogs(snapshot: Snapshot, now: datetime) -> Iterator[Concern]:
    for entry in asking(snapshot):
        if state := snapshot.state(entry):
            yield Concern(
                key=f"dialog/{entry.agent.agent_id}",
                shape="◆",
                tone=Tone.WARN,
                subject=one_line(entry.agent.address),
                reason=f"dialog for {age(now - state.since, precise=True)}, {one_line(state.reason)}"
                f"{_waiting_for(entry)}",
                mode=Mode.AGENTS,
                rows=(entry.agent.agent_id,),
                remedy="answer",
                about=frozenset({f"{to_wire(state.since)} {state.reason}"}),
                weight=entry.wakes_waiting,
            )


def _mixed_hints(snapshot: Snapshot) -> Iterator[Concern]:
    """Yield the input lines that contain both a person's text and a hint from xats."""
    # Only the person who typed may send or clear such a line.
    for entry in snapshot.roster:
        view = snapshot.view(entry)
        if view and view.reading.own is OwnText.MIXED:
            yield Concern(
                key=f"mixed/{entry.agent.agent_id}",
                shape="✎",
                tone=Tone.WARN,
                subject=one_line(entry.agent.address),
                reason="a hint from xats got mixed into a draft in "
                f"{one_line(view.look.pane.pane_id)}: send or clear that line{_waiting_for(entry)}",
                mode=Mode.AGENTS,
                rows=(entry.agent.agent_id,),
                remedy="go_to_pane",
                weight=entry.wakes_waiting,
            )


def _waiting_for(entry: RosterEntry) -> str:
    return f"; {count(entry.wakes_waiting, 'wake')} waiting" if entry.wakes_waiting else ""


def _failed_wakes(snapshot: Snapshot) -> Iterator[Concern]:
    by_agent = _by_agent(snapshot, [wake for wake in all_failed(snapshot) if not _is_silenced(snapshot, wake.agent_id)])
    for wakes in sorted(by_agent.values(), key=lambda wakes: min(wake.updated_at for wake in wakes)):
        latest = wakes[0]
        yield Concern(
            key=f"failed/{latest.agent_id}",
            shape="✕",
            tone=Tone.BAD,
            subject=_wake_subject(snapshot, wakes),
            reason=f"failed: {one_line(latest.detail or latest.skip_reason) or 'no reason recorded'}",
            mode=Mode.WAKES,
            rows=tuple(wake.key for wake in wakes),
            remedy="replay",
            about=frozenset(f"{wake.key} {wake.updated_at}" for wake in wakes),
        )


def _long_waits(snapshot: Snapshot, now: datetime, asking: set[str]) -> Iterator[Concern]:
    """Yield the wakes that wait long or for a person, except for agents whose dialog is already listed."""
    waiting = [
        wake
        for wake in snapshot.wakes
        if _is_worth_a_look(wake, now) and wake.agent_id not in asking and not _is_silenced(snapshot, wake.agent_id)
    ]
    for wakes in sorted(_by_agent(snapshot, waiting).values(), key=lambda wakes: min(map(queued_at, wakes))):
        oldest = min(wakes, key=queued_at)
        reason = one_line(oldest.detail or oldest.skip_reason) or "not tried yet"
        next_try = f"next try {until(oldest.due_at, now)}" if oldest.due_at else ""
        yield Concern(
            key=f"waiting/{oldest.agent_id}",
            shape="◐",
            tone=Tone.WARN,
            subject=_wake_subject(snapshot, wakes),
            reason=f"waiting {age(now - queued_at(oldest))}: {reason}; tried {oldest.attempts}×, {next_try}",
            mode=Mode.WAKES,
            rows=(oldest.key, *(wake.key for wake in wakes if wake is not oldest)),
            remedy="go_to_pane",
            about=frozenset({"needs a person"} if any(wake.needs_a_person for wake in wakes) else ()),
        )


def _own_mail(snapshot: Snapshot, now: datetime) -> Iterator[Concern]:
    """Yield the operator's unread messages, however recent they are."""
    # Nothing wakes a person as a wake does an agent, so there is no waiting time here.
    unread = [mail for mail in snapshot.inbox if mail.read_at is None]
    if unread:
        latest = unread[0]
        who = name_of(snapshot, latest.from_agent_id, latest.from_name)
        what = one_line(latest.subject) or one_line(latest.body)
        yield Concern(
            key="inbox",
            shape="✉",
            tone=Tone.ACCENT,
            subject="you" if len(unread) == 1 else f"you, {len(unread)} unread",
            reason=f"{who} wrote {age(now - latest.sent_at)} ago: “{what}”",
            mode=Mode.MESSAGES,
            rows=tuple(str(mail.event_id) for mail in unread),
        )


def _old_mail(snapshot: Snapshot, now: datetime, spoken_for: frozenset[str]) -> Iterator[Concern]:
    unread = [(entry.oldest_unread_at, entry) for entry in snapshot.roster if entry.oldest_unread_at]
    for oldest, entry in sorted(unread, key=lambda one: one[0]):
        if now - oldest > OLD_MAIL and entry.agent.agent_id not in spoken_for and not entry.resting:
            yield Concern(
                key=f"mail/{entry.agent.agent_id}",
                shape="✉",
                tone=Tone.WARN,
                subject=one_line(entry.agent.address),
                reason=f"{count(entry.unread, 'message')} unread, the oldest for {age(now - oldest)}",
                mode=Mode.AGENTS,
                rows=(entry.agent.agent_id,),
                weight=entry.unread,
            )


def _unanswered(snapshot: Snapshot, now: datetime, spoken_for: frozenset[str]) -> Iterator[Concern]:
    """Yield messages that lack a requested reply, unless a wake already explains why they are unread."""
    oldest: dict[tuple[str, str], Message] = {}
    for message in snapshot.unanswered:  # the newest first
        is_own_mail = message.to_agent_id == OPERATOR_ID and message.read_at is None
        if now - message.sent_at > OLD_QUESTION and not is_own_mail:
            oldest[message.from_agent_id, message.to_agent_id] = message
    for message in sorted(oldest.values(), key=lambda message: message.sent_at):
        if message.read_at is None and message.to_agent_id in spoken_for:
            continue
        if _is_silenced(snapshot, message.to_agent_id):
            continue
        what = one_line(message.subject) or one_line(message.body)
        yield Concern(
            key=f"reply/{message.id}",
            shape="↩",
            tone=Tone.WARN,
            subject=name_of(snapshot, message.from_agent_id, message.from_name),
            reason=f"has waited {age(now - message.sent_at)} for a reply from "
            f"{name_of(snapshot, message.to_agent_id, message.to_name)}: “{what}”",
            mode=Mode.MESSAGES,
            rows=(str(message.event_id),),
        )


def _orphaned_tasks(snapshot: Snapshot, now: datetime) -> Iterator[Concern]:
    for entry in snapshot.tasks:
        task = entry.task
        if task.status is not TaskStatus.IN_PROGRESS or not task.claimed_by:
            continue
        owner = snapshot.entry(task.claimed_by)
        if owner is None or is_away(owner):
            whom = f"its owner {name_of(snapshot, task.claimed_by, entry.owner_name)}"
            away = _away(owner, now) if owner else "has left"
            yield Concern(
                key=f"task/{task.id}",
                shape="✕",
                tone=Tone.WARN if owner else Tone.BAD,
                subject=f"task {one_line(task.title)}",
                reason=f"{whom} {away}",
                mode=Mode.TASKS,
                rows=(task.id,),
                remedy="reassign_task",
            )


def _away(owner: RosterEntry, now: datetime) -> str:
    is_known = owner.past is None or owner.past.last_call_known
    return f"has been away for {age(now - owner.agent.last_seen_at)}" if is_known else "is away"


def _breaking_contracts(snapshot: Snapshot) -> Iterator[Concern]:
    for summary in snapshot.contracts:
        behind = [who for who in summary.subscribers if (who.fetched_version or 0) < summary.version]
        if summary.breaking and behind:
            names = ", ".join(name_of(snapshot, who.agent_id, who.name) for who in behind)
            yield Concern(
                key=f"contract/{contract_key(summary)}",
                shape="⚠",
                tone=Tone.WARN,
                subject=f"contract {contract_name(snapshot, summary)} v{summary.version}",
                reason=f"breaking change, not fetched yet by {names}",
                mode=Mode.CONTRACTS,
                rows=(contract_key(summary),),
                about=frozenset({f"v{summary.version}"}),
                weight=len(behind),
            )


def _ack_loops(snapshot: Snapshot) -> Iterator[Concern]:
    """Yield the ack loops: wakes that are held back because agents only acknowledge each other."""
    held = [
        wake
        for wake in snapshot.wakes
        if _is_waiting(wake) and _is_in_ack_loop(wake) and not _is_silenced(snapshot, wake.agent_id)
    ]
    for wakes in _by_agent(snapshot, held).values():
        senders = sorted({name_of(snapshot, wake.sender_id) for wake in wakes if wake.sender_id})
        yield Concern(
            key=f"ack-loop/{wakes[0].agent_id}",
            shape="⇄",
            tone=Tone.WARN,
            subject=_wake_subject(snapshot, wakes),
            reason=f"ack loop with {', '.join(senders) or 'others'}: wakes for mere acknowledgements are held back",
            mode=Mode.WAKES,
            rows=tuple(wake.key for wake in wakes),
            remedy="cancel_wake",
        )


def _unconnected(snapshot: Snapshot) -> Iterator[Concern]:
    """Yield one concern for all programs that could be agents: a person may well want to leave them alone."""
    programs = snapshot.unconnected
    if programs:
        places = ", ".join(dict.fromkeys(one_line(PurePath(program.folder).name) for program in programs))
        yield Concern(
            key="unconnected",
            shape="○",
            tone=Tone.MUTED,
            subject=count(len(programs), "agent"),
            reason=f"here {'is' if len(programs) == 1 else 'are'} not connected, in {places}: :connect says how",
            remedy="connect",
            about=frozenset(str(program.pid) for program in programs),
        )


def _is_silenced(snapshot: Snapshot, agent_id: str) -> bool:
    """Return whether the operator has turned on do not disturb for an agent: what follows from that needs nobody."""
    entry = snapshot.entry(agent_id)
    return entry is not None and entry.resting


def _by_agent(snapshot: Snapshot, wakes: list[Wake]) -> dict[str, list[Wake]]:
    """Group wakes by agent, without agents that have left."""
    grouped: dict[str, list[Wake]] = defaultdict(list)
    # Nobody can do anything about the wakes of an agent that has left.
    for wake in wakes:
        if snapshot.entry(wake.agent_id):
            grouped[wake.agent_id].append(wake)
    return grouped


def _wake_subject(snapshot: Snapshot, wakes: list[Wake]) -> str:
    entry = snapshot.entry(wakes[0].agent_id)
    address = one_line(entry.agent.address) if entry else short_id(wakes[0].agent_id)
    return f"wake → {address}" if len(wakes) == 1 else f"{len(wakes)} wakes → {address}"


def _is_worth_a_look(wake: Wake, now: datetime) -> bool:
    if not _is_waiting(wake) or _is_in_ack_loop(wake):  # first, as it is so of most wakes
        return False
    return wake.needs_a_person or now - queued_at(wake) > LONG_WAIT


def _is_in_ack_loop(wake: Wake) -> bool:
    return wake.detail == ACK_LOOP


def _is_waiting(wake: Wake) -> bool:
    return wake.status is WakeStatus.RETRYING and not wake.is_over and was_not_read(wake)
