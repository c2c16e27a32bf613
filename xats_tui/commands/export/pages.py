"""Pages of a report: each part is asked for page by page and handed on row by row.

The parts are read in the order of the report: tasks take their history from the timeline, contracts their versions.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, Protocol

from xats_tui.core.model.contracts import SchemaReason

Record = dict[str, Any]

MAX_LINE_CELLS = 100
"""Cells of a line of a schema; a longer value takes several lines."""

CONTEXT_LINES = 3
"""Unchanged lines of a schema that are kept around a changed one."""


class Ask(Protocol):
    """Function that asks the coordinator for a verb."""

    def __call__(self, verb: str, **arguments: object) -> Record:
        """Return the answer."""
        ...


class Report:
    """A report of a span of time of a team, or of all teams."""

    def __init__(
        self, ask: Ask, since: str, until: str, team: str | None, note: Callable[[str, int], object] = lambda part, n: 0
    ) -> None:
        """Store what is asked.

        Args:
            ask: function that asks the coordinator.
            since: first moment, in the wire's form.
            until: moment that no longer belongs to it.
            team: the team; None for all.
            note: function that is told the part that is being read, and the number of its rows so far.
        """
        self._ask, self._note = ask, note
        self._span = {"since": since, "until": until, "team": team}
        self._moves: dict[str, list[Record]] = {}
        """What happened to each task."""
        self._versions: list[tuple[str, str, int]] = []
        """Versions of contracts that were published: team, name and number."""

    def head(self) -> Record:
        """Return span, team, summary and agents."""
        return self._ask("report", part="head", **self._span)

    def timeline(self) -> Iterator[Record]:
        """Yield everything that happened, in brief."""
        for entry in self._rows("timeline"):
            kind = str(entry["kind"])
            if kind.startswith("task_"):
                self._moves.setdefault(entry["about"], []).append(entry)
            if kind == "contract_registered":
                name, _, number = str(entry["text"]).rpartition(" v")
                self._versions.append((entry["team"], name, int(number)))
            yield entry

    def messages(self) -> Iterator[Record]:
        """Yield the messages, a broadcast as one with all recipients, each with the message before it in its thread."""
        newest: dict[str, Record] = {}
        for _, group in groupby(self._rows("messages"), key=lambda row: row["event_id"]):
            letter = _letter(list(group))
            before = newest.get(letter["thread"])
            newest[letter["thread"]] = {"event_id": letter["event_id"], "sent_at": letter["sent_at"]}
            yield {**letter, "follows": before}

    def wakes(self) -> Iterator[Record]:
        """Yield the wakes with their attempts."""
        return self._rows("wakes")

    def tasks(self) -> Iterator[Record]:
        """Yield the tasks that were open in the span, with what happened to each in it."""
        for task in self._rows("tasks"):
            yield {**task, "history": self._moves.get(task["id"], [])}

    def contracts(self) -> Iterator[Record]:
        """Yield the versions that were published, with what changed and what breaks."""
        for number, (team, name, version) in enumerate(self._versions, 1):
            self._note("contracts", number)
            yield _version(self._ask("contract_step", team=team, name=name, version=version))

    def _rows(self, part: str) -> Iterator[Record]:
        after, number = None, 0
        while True:
            page = self._ask("report", part=part, after=after, **self._span)
            for row in page["rows"]:
                number += 1
                yield row
            self._note(part, number)
            after = page["next"]
            if after is None:
                return


def _letter(copies: Sequence[Record]) -> Record:
    """Return the copies of one message as one record with its recipients."""
    first = copies[0]
    recipients = [
        {
            "agent_id": copy["to_agent_id"],
            "name": copy["to_shown"] or copy["to_name"] or copy["to_agent_id"],
            "read_at": copy["read_at"],
            "answered_at": copy["answered_at"],
        }
        for copy in copies
    ]
    sender = f"{first['from_name'] or first['from_agent_id']}@{first['from_team']}"
    is_direct = len(copies) == 1
    sides = sorted([sender, f"{first['to_name'] or first['to_agent_id']}@{first['to_team']}"])
    return {
        "event_id": first["event_id"],
        "id": first["id"],
        "sent_at": first["sent_at"],
        "from": first["from_shown"] or first["from_name"] or first["from_agent_id"],
        "from_team": first["from_team"],
        "to_team": first["to_team"],
        "recipients": recipients,
        "thread": " – ".join(sides) if is_direct else f"{sender} to all of {first['to_team']}",
        "subject": first["subject"],
        "body": first["body"],
        "need_reply": first["need_reply"],
    }


def _version(step: Record) -> Record:
    """Return a version of a contract with the lines of its diff."""
    new, old = step["new"], step["old"]
    reasons = [SchemaReason(path=one["path"], what=one["what"], of_new=one["of_new"]) for one in step["reasons"]]
    return {
        "team": new["team"],
        "name": new["name"],
        "version": new["version"],
        "note": new["note"],
        "registered_at": new["registered_at"],
        "breaking": step["breaking"],
        "backward": step["backward"],
        "forward": step["forward"],
        "reasons": step["reasons"],
        "schema": new["schema"],
        "diff": _changed_lines(old["schema"], new["schema"], reasons) if old else [],
    }


def _changed_lines(old: Any, new: Any, reasons: Sequence[SchemaReason]) -> list[str]:
    """Return a diff as lines that begin with a blank, `-` or `+`; of what is unchanged only some lines are kept."""
    from xats_tui.screens.details.diffs import diff_lines  # deferred: every command imports this module

    lines = diff_lines(old, new, reasons, MAX_LINE_CELLS)
    near = {
        index + step
        for index, line in enumerate(lines)
        if not line.same
        for step in range(-CONTEXT_LINES, CONTEXT_LINES + 1)
    }
    drawn: list[str] = []
    for index, line in enumerate(lines):
        if index not in near:
            continue
        if index - 1 not in near and index:
            drawn.append("  …")
        if line.same:
            drawn.append(f"  {line.new}")
            continue
        mark = f"    ← {line.mark}" if line.mark else ""
        drawn += [f"- {line.old}"] if line.old is not None else []
        drawn += [f"+ {line.new}{mark}"] if line.new is not None else []
    return drawn
