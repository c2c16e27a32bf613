"""The kinds of documents that a search finds: which numbers there are, and the rows behind them."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from xats_tui.backend.store.sql.search_schema import ACTION, AGENT, CONTRACT, EVENT, ID_CHARS, MESSAGE, TASK
from xats_tui.backend.store.sql.transactions import Reader
from xats_tui.core.model.agents import OPERATOR_ID
from xats_tui.core.search.records import FoundKind


class Narrowing(Struct, frozen=True, kw_only=True):
    """The filters of a search, with names resolved to ids."""

    senders: frozenset[str] | None = None
    recipients: frozenset[str] | None = None
    team: str | None = None
    since: str | None = None
    """In the wire's form, as all times of the store."""
    before: str | None = None
    unread: bool = False
    own: str | None = None
    """Id of an agent: only messages that it has sent or got."""

    def parameters(self) -> dict[str, Any]:
        """Return the named parameters of every source's statement."""
        return {
            "senders": None if self.senders is None else json.dumps(sorted(self.senders)),
            "recipients": None if self.recipients is None else json.dumps(sorted(self.recipients)),
            "team": self.team,
            "since": self.since,
            "before": self.before,
            "unread": int(self.unread),
            "own": self.own,
        }


class Hit(NamedTuple):
    """A row behind a document."""

    number: int
    key: str
    at: str
    team: str
    who: str
    """Id of the sender, actor or author; of an agent its role."""
    title: str
    body: str
    to: str
    """Id of a message's recipient, the owner of a task."""
    text: str
    """What is searched."""
    is_unread: int = 0
    """Whether this copy of a message is unread."""


class Source(Struct, frozen=True, kw_only=True):
    """One kind of documents."""

    code: int
    kind: FoundKind
    rows: str
    """Statement for the rows behind documents, as `Hit`; its parameters are `numbers` and those of `Narrowing`."""
    numbers: str
    """Table and column of the numbers, and of the time: `events.event_id.created_at`."""
    existing: str
    """Statement for the numbers between two, highest first."""
    is_ranged: bool
    """True if a range is in the index; else `search_subjects` says which are in."""
    window: int = 500
    """Numbers that are read through at once where the index has none."""
    with_sender: bool = False
    """True if a document has the mark of a sender; else none is found with a sender."""
    with_recipient: bool = False
    """True if the rows can be narrowed to a recipient."""
    recipient_marks: bool = False
    team_marks: bool = True

    @property
    def table(self) -> str:
        """Return the table of the numbers."""
        return self.numbers.split(".")[0]

    @property
    def number(self) -> str:
        """Return the column of the numbers."""
        return self.numbers.split(".")[1]

    @property
    def time(self) -> str:
        """Return the column of the time."""
        return self.numbers.split(".")[2]

    def can_have(self, narrowing: Narrowing) -> bool:
        """Return whether a document of this kind may match the filters."""
        return (
            (narrowing.senders is None or self.with_sender)
            and (narrowing.recipients is None or self.with_recipient)
            and (not narrowing.unread or self.code == MESSAGE)
            and (narrowing.own is None or self.code == MESSAGE)
        )

    def marks(self, narrowing: Narrowing) -> list[str | Sequence[str]]:
        """Return the marks that every matching document has."""
        wanted: list[str | Sequence[str]] = [f"k{self.code}"]
        if narrowing.team is not None and self.team_marks:
            wanted.append(_mark("g", narrowing.team))
        if narrowing.senders is not None:
            wanted.append([_mark("f", one[-ID_CHARS:]) for one in sorted(narrowing.senders)])
        if narrowing.own is not None:
            letters = "t" if narrowing.unread else "ft"  # what an agent has sent is for others to read
            wanted.append([_mark(letter, narrowing.own[-ID_CHARS:]) for letter in letters])
        if narrowing.recipients is not None and self.recipient_marks:
            wanted.append([_mark("t", one[-ID_CHARS:]) for one in sorted(narrowing.recipients)])
        return wanted

    def fetch(self, connection: sqlite3.Connection, numbers: Sequence[int], narrowing: Narrowing) -> list[Hit]:
        """Return the rows behind documents that match the filters, highest number first."""
        given: Mapping[str, Any] = {**narrowing.parameters(), "numbers": json.dumps(list(numbers))}
        cursor = connection.cursor()
        cursor.row_factory = None
        return sorted((Hit(*row) for row in cursor.execute(self.rows, given)), reverse=True)


def _mark(letter: str, value: str) -> str:
    return letter + value.encode().hex().upper()


IN = "IN (SELECT value FROM json_each({}))"
AT = "(:since IS NULL OR {0} >= :since) AND (:before IS NULL OR {0} < :before)"
SENDER = f"(:senders IS NULL OR {{}} {IN.format(':senders')})"
RECIPIENT = f"(:recipients IS NULL OR {{}} {IN.format(':recipients')})"
UNUSED = ":unread = :unread AND :own IS NULL"
"""A condition for statements that have no use for these parameters."""

MESSAGES = Source(
    code=MESSAGE,
    kind=FoundKind.MESSAGE,
    rows=f"""SELECT m.event_id, m.id, m.sent_at, m.to_team, m.from_agent_id, coalesce(m.subject, ''), m.body,
        m.to_agent_id, coalesce(m.subject, '') || char(10) || m.body, m.read_at IS NULL
        FROM json_each(:numbers) j CROSS JOIN messages m ON m.rowid = (SELECT o.rowid FROM messages o
        WHERE o.event_id = j.value AND {RECIPIENT.format("o.to_agent_id")} AND (NOT :unread OR o.read_at IS NULL)
        AND (:own IS NULL OR o.to_agent_id = :own OR (o.from_agent_id = :own AND NOT :unread))
        ORDER BY o.rowid LIMIT 1)
        WHERE {SENDER.format("m.from_agent_id")} AND {AT.format("m.sent_at")}
        AND (:team IS NULL OR m.from_team = :team OR m.to_team = :team)""",
    numbers="events.event_id.created_at",
    existing="SELECT DISTINCT event_id FROM messages WHERE event_id BETWEEN ? AND ? ORDER BY event_id DESC",
    is_ranged=True,
    with_sender=True,
    with_recipient=True,
    recipient_marks=True,
)

EVENTS = Source(
    code=EVENT,
    kind=FoundKind.ACTIVITY,
    rows=f"""SELECT e.event_id, 'event:' || e.event_id, e.created_at, e.to_team, coalesce(e.actor_agent_id, ''),
        replace(e.event_type, '_', ' ') || coalesce(': ' || t.title, ''),
        ltrim(coalesce(replace(substr(v.text, length(e.event_type) + 1), char(10) || t.id, ''),
        substr(v.text, length(e.event_type) + 1)), char(10)), '', v.text
        FROM json_each(:numbers) j CROSS JOIN events e ON e.event_id = j.value
        JOIN search_events v ON v.number = j.value
        LEFT JOIN tasks t ON json_valid(e.payload) AND t.id = json_extract(e.payload, '$.task_id')
        WHERE {SENDER.format("e.actor_agent_id")} AND {AT.format("e.created_at")} AND :recipients IS NULL
        AND (:team IS NULL OR e.from_team = :team OR e.to_team = :team) AND {UNUSED}""",
    numbers="events.event_id.created_at",
    existing="SELECT event_id FROM events WHERE event_id BETWEEN ? AND ? AND +event_type <> 'message_sent' "
    "ORDER BY event_id DESC",
    is_ranged=True,
    window=4000,  # most numbers are those of messages
    with_sender=True,
)

ACTIONS = Source(
    code=ACTION,
    kind=FoundKind.ACTIVITY,
    rows=f"""SELECT a.activity_id, 'operator:' || a.activity_id, a.at, '', '{OPERATOR_ID}', a.verb, a.detail, '',
        a.verb || char(10) || a.detail
        FROM json_each(:numbers) j CROSS JOIN activity a ON a.activity_id = j.value
        WHERE {SENDER.format(f"'{OPERATOR_ID}'")} AND {RECIPIENT.format("a.agent_id")} AND {AT.format("a.at")}
        AND (:team IS NULL OR a.agent_id IN (SELECT agent_id FROM agents WHERE team = :team)) AND {UNUSED}""",
    numbers="activity.activity_id.at",
    existing="SELECT activity_id FROM activity WHERE activity_id BETWEEN ? AND ? ORDER BY activity_id DESC",
    is_ranged=True,
    with_sender=True,
    with_recipient=True,
    recipient_marks=True,
    team_marks=False,
)

TASKS = Source(
    code=TASK,
    kind=FoundKind.TASK,
    rows=f"""SELECT s.number, t.id, t.created_at, t.team, coalesce(t.claimed_by, ''), t.title,
        coalesce(t.description, '') || char(10) || coalesce(t.result, ''), '',
        t.title || char(10) || coalesce(t.description, '') || char(10) || coalesce(t.result, '')
        FROM json_each(:numbers) j CROSS JOIN search_subjects s ON s.number = j.value
        JOIN tasks t ON t.id = s.key
        WHERE :senders IS NULL AND {RECIPIENT.format("t.claimed_by")} AND {AT.format("t.created_at")}
        AND (:team IS NULL OR t.team = :team) AND {UNUSED}""",
    numbers="search_subjects.number.",
    existing="",
    is_ranged=False,
    with_recipient=True,
)

CONTRACTS = Source(
    code=CONTRACT,
    kind=FoundKind.CONTRACT,
    rows=f"""SELECT c.id, c.name || ' v' || c.version, c.registered_at, c.team, c.registered_by,
        c.name || ' v' || c.version, substr(v.text, length(c.name) + 2), '', v.text
        FROM json_each(:numbers) j CROSS JOIN contracts c ON c.id = j.value
        JOIN search_contracts v ON v.number = j.value
        WHERE {SENDER.format("c.registered_by")} AND {AT.format("c.registered_at")} AND :recipients IS NULL
        AND (:team IS NULL OR c.team = :team) AND {UNUSED}""",
    numbers="contracts.id.registered_at",
    existing="SELECT id FROM contracts WHERE id BETWEEN ? AND ? ORDER BY id DESC",
    is_ranged=True,
    with_sender=True,
)

AGENTS = Source(
    code=AGENT,
    kind=FoundKind.AGENT,
    rows=f"""SELECT s.number, a.agent_id, a.registered_at, a.team, a.role, a.name,
        substr(v.text, length(a.name) + 2), '', v.text
        FROM json_each(:numbers) j CROSS JOIN search_subjects s ON s.number = j.value
        JOIN agents a ON a.agent_id = s.key JOIN search_agents v ON v.number = s.number
        WHERE {AT.format("a.registered_at")} AND (:team IS NULL OR a.team = :team)
        AND :senders IS NULL AND :recipients IS NULL AND {UNUSED}""",
    numbers="search_subjects.number.",
    existing="",
    is_ranged=False,
)

SOURCES: Sequence[Source] = (MESSAGES, EVENTS, ACTIONS, TASKS, CONTRACTS, AGENTS)


class Copies(Struct, frozen=True, kw_only=True):
    """The copies of one message: more than one of a broadcast."""

    count: int
    unread: int


async def copies_of(reader: Reader, event_ids: Sequence[int]) -> dict[int, Copies]:
    """Return the number of copies and of unread copies of messages, by event."""
    rows = await reader.fetch_all(
        "SELECT event_id, count(*) AS count, sum(read_at IS NULL) AS unread FROM messages "
        "WHERE event_id IN (SELECT value FROM json_each(?)) GROUP BY event_id",
        (json.dumps(list(event_ids)),),
    )
    return {row["event_id"]: Copies(count=row["count"], unread=row["unread"]) for row in rows}
