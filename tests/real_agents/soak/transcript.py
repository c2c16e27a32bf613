"""Requests to the scripted model: its growing log, and the turns in it."""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.real_agents.soak.records import Turn

BETWEEN_STEPS_S = 30.0
"""A turn of which nothing is heard for so long has come to its end some other way: interrupted, or the program quit."""

SHARED = "eva"
"""The agent whose client has its model's address in a configuration file that all share."""

AFTER_ANSWER_S = 1.0
"""From the model's answer to the end of the turn on the screen."""


class Transcript:
    """The log of the scripted model, by agent."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._read = 0
        self._entries: dict[str, list[Mapping[str, Any]]] = {}

    def entries(self, agent: str) -> Sequence[Mapping[str, Any]]:
        """The requests of an agent, side questions of its program left out."""
        self._follow()
        return self._entries.get(agent, ())

    def is_at_work(self, agent: str) -> bool:
        """Return whether the agent is in a turn, as far as the model knows."""
        entries = self.entries(agent)
        return bool(entries) and _end(entries[-1]) > time.time()

    def turns(self, agents: Iterable[str]) -> list[Turn]:
        """All turns of these agents."""
        return [turn for agent in agents for turn in turns_of(agent, self.entries(agent))]

    def _follow(self) -> None:
        if not self._log.exists():
            return
        with self._log.open("rb") as log:
            log.seek(self._read)
            for line in log:
                if not line.endswith(b"\n"):
                    break
                self._read += len(line)
                entry = json.loads(line)
                if entry.get("tools"):
                    self._entries.setdefault(entry["who"] or SHARED, []).append(entry)


def turns_of(agent: str, entries: Sequence[Mapping[str, Any]]) -> list[Turn]:
    """Group an agent's requests into turns: one begins with a request that no result has come back for."""
    begins = [number for number, entry in enumerate(entries) if not entry["results"]]
    ends = [*begins[1:], len(entries)]
    return [_turn(agent, entries[begin:end]) for begin, end in zip(begins, ends, strict=True)]


def _turn(agent: str, entries: Sequence[Mapping[str, Any]]) -> Turn:
    last = entries[-1]
    return Turn(
        agent=agent,
        began_at=entries[0]["at"],
        ended_at=_end(last),
        texts=last["texts"],
        handed=[
            handed
            for before, entry in zip((None, *entries), entries, strict=False)
            for handed in _handed(before, entry)
        ],
        is_over=last["step"]["tool"] is None,
    )


def _handed(before: Mapping[str, Any] | None, entry: Mapping[str, Any]) -> list[tuple[str, float]]:
    """The messages that came with this request; a request that is repeated brings nothing new."""
    is_new = before is None or len(entry["results"]) > len(before["results"])
    return [(message_id, entry["at"]) for message_id in entry["handed"]] if is_new else []


def _end(entry: Mapping[str, Any]) -> float:
    """Return the end of a turn with this last request."""
    rest = AFTER_ANSWER_S if entry["step"]["tool"] is None else BETWEEN_STEPS_S
    return float(entry["at"]) + float(entry["step"]["wait"]) + rest
