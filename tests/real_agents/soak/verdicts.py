"""Results of a soak: figures, and a verdict on each promise, computed from the records."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from tests.real_agents.rig import squashed
from tests.real_agents.soak.records import Message, Obstacle, Records, Turn

LATE_S = 12.0
"""For which a message may wait at the most with nothing in its way."""

FREED_S = 4.0
"""From the end of an obstacle to the turn that reads what had waited for it, at the median."""

HOOK = r"The text below is the output of a hook.*\nStop hook feedback:\s*"
"""Beginning of a text that Claude Code makes of a hint that its hook took over."""

SESSION, ABOUT_IT = r"Another Claude session sent a message[^\n]*\n+", r"\n+This came from another Claude session.*"
"""Beginning and end of a text that Claude Code makes of a hint that came over its inbox socket."""

HINT = re.compile(rf"(?:{HOOK}|{SESSION})?\[xats\] [^\n]*(?:{ABOUT_IT})?", re.DOTALL)
"""A hint that reached the model alone, however it was delivered."""

ON_THE_SCREEN = frozenset({"draft", "menu", "scroll"})
"""Obstacles that do not matter for an agent that is woken without typing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One promise, whether it was kept, and what speaks against it."""

    promise: str
    faults: Sequence[str]

    @property
    def line(self) -> str:
        """PASS or FAIL, with the first faults."""
        if not self.faults:
            return f"PASS  {self.promise}"
        return f"FAIL  {self.promise}: {len(self.faults)}\n" + "\n".join(f"        {one}" for one in self.faults[:8])


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Waiting time of a message, and the part of it without an obstacle."""

    message: Message
    seconds: float
    longest_free: float
    after_obstacle: float | None
    """Seconds from the end of the last obstacle; None if there was none."""


def judge(records: Records, prompted: frozenset[str], slowness: float = 1.0) -> list[Verdict]:
    """Judge every promise.

    Args:
        records: what happened.
        prompted: the agents that are woken with nothing typed.
        slowness: by how much longer things may take on a machine that is busy on purpose.
    """
    waits = all_waits(records, prompted)
    return [
        Verdict(promise="every message came before its model", faults=_missing(records)),
        Verdict(promise="no message came twice, but across a restart", faults=_twice(records)),
        Verdict(promise="no turn was begun for nothing", faults=_empty(records)),
        Verdict(promise="no hint was mixed with another text", faults=_mixed(records)),
        Verdict(promise="every draft stayed as it was typed", faults=_drafts(records)),
        Verdict(promise="nothing was answered, sent or taken away but by the person", faults=records.complaints),
        Verdict(promise="no message was held by a brake", faults=sorted(set(records.braked))),
        Verdict(promise="late only while an obstacle stood", faults=_late(waits, LATE_S * slowness)),
        Verdict(promise=f"read {FREED_S:g} s after an obstacle (median)", faults=_slow(waits, FREED_S * slowness)),
    ]


def figures(records: Records, prompted: frozenset[str]) -> list[str]:
    """Describe what happened in numbers."""
    waits = all_waits(records, prompted)
    freed = [wait.after_obstacle for wait in waits if wait.after_obstacle is not None]
    unhindered = [wait.seconds for wait in waits if wait.after_obstacle is None]
    hinted = [turn for turn in records.turns if turn.was_hinted]
    kinds = Counter(obstacle.kind for obstacle in records.obstacles)
    return [
        f"{len(records.messages)} messages, {len(waits)} read; {len(records.turns)} turns, {len(hinted)} with a hint",
        f"obstacles: {', '.join(f'{number} {kind}' for kind, number in sorted(kinds.items()))}",
        f"read after {_spread(unhindered)} where nothing was in the way ({len(unhindered)})",
        f"read after {_spread(freed)} from the end of what was in the way ({len(freed)})",
    ]


def all_waits(records: Records, prompted: frozenset[str]) -> list[Wait]:
    """Return the waiting time of each message that was read."""
    reached = {id_: (turn, at) for turn in reversed(records.turns) for id_, at in reversed(turn.handed)}
    return [
        _wait(message, *reached[message.message_id], _in_the_way(message.recipient, records, prompted))
        for message in records.messages
        if message.message_id in reached
    ]


def _in_the_way(agent: str, records: Records, prompted: frozenset[str]) -> list[tuple[float, float]]:
    harmless = ON_THE_SCREEN if agent in prompted else frozenset()
    obstacles = [one for one in records.obstacles if one.agent == agent and one.kind not in harmless]
    turns = [turn for turn in records.turns if turn.agent == agent]
    return _merged([(one.began_at, one.ended_at) for one in obstacles] + [(t.began_at, t.ended_at) for t in turns])


def _merged(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for began, ended in sorted(spans):
        if merged and began <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(ended, merged[-1][1]))
        else:
            merged.append((began, ended))
    return merged


def _wait(message: Message, turn: Turn, handed_at: float, spans: Sequence[tuple[float, float]]) -> Wait:
    """The wait ends where the turn began that read the message, or in that turn if it was under way."""
    until = turn.began_at if turn.began_at > message.sent_at else handed_at
    before = [(began, ended) for began, ended in spans if ended > message.sent_at and began < until]
    edges = [message.sent_at, *(edge for span in before for edge in span), until]
    gaps = [max(min(end, until) - start, 0.0) for start, end in zip(edges[::2], edges[1::2], strict=True)]
    last = max((min(ended, until) for _, ended in before), default=None)
    return Wait(
        message=message,
        seconds=until - message.sent_at,
        longest_free=max(gaps),
        after_obstacle=None if last is None else until - last,
    )


def _missing(records: Records) -> list[str]:
    came = {message_id for turn in records.turns for message_id, _ in turn.handed}
    return [f"{one.message_id} to {one.recipient}" for one in records.messages if one.message_id not in came]


def _twice(records: Records) -> list[str]:
    faults = []
    for message in records.messages:
        times = sorted(at for turn in records.turns for id_, at in turn.handed if id_ == message.message_id)
        for first, again in pairwise(times):
            if not _restarted(message.recipient, first, again, records.obstacles):
                faults.append(f"{message.message_id} to {message.recipient}, {again - first:.1f} s apart")
    return faults


def _restarted(agent: str, since: float, until: float, obstacles: Sequence[Obstacle]) -> bool:
    return any(
        one.agent == agent and one.kind == "restart" and since < one.ended_at and one.began_at < until
        for one in obstacles
    )


def _empty(records: Records) -> list[str]:
    empty = [turn for turn in records.turns if turn.was_hinted and turn.is_over and not turn.handed]
    return [f"{turn.agent}: {' / '.join(turn.texts)}" for turn in empty]


def _mixed(records: Records) -> list[str]:
    texts = [(turn.agent, text) for turn in records.turns for text in turn.texts if "[xats]" in text]
    return [f"{agent}: {text!r}" for agent, text in texts if not HINT.fullmatch(text.strip())]


def _drafts(records: Records) -> list[str]:
    faults = []
    for draft in records.drafts:
        wanted = squashed(draft.text)
        texts = [squashed(text) for turn in records.turns if turn.agent == draft.agent for text in turn.texts]
        if draft.sent and wanted not in texts:
            faults.append(f"{draft.agent}: {draft.text!r} did not reach the model as it was typed")
        if not draft.sent and any(wanted in text for text in texts):
            faults.append(f"{draft.agent}: {draft.text!r} reached the model although it was taken away")
    return faults


def _late(waits: Sequence[Wait], limit: float) -> list[str]:
    late = [wait for wait in waits if wait.longest_free > limit]
    return [f"{one.message.message_id} to {one.message.recipient}: {one.longest_free:.1f} s" for one in late]


def _slow(waits: Sequence[Wait], limit: float) -> list[str]:
    freed = [wait.after_obstacle for wait in waits if wait.after_obstacle is not None]
    return [f"the median is {median(freed):.1f} s"] if freed and median(freed) > limit else []


def _spread(seconds: Sequence[float]) -> str:
    if not seconds:
        return "no time"
    ordered = sorted(seconds)
    return f"{median(ordered):.1f} s (median; 95 % {ordered[int(len(ordered) * 0.95) - 1]:.1f}, most {ordered[-1]:.1f})"
