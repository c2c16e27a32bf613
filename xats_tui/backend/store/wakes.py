"""Wakes and their attempts, stored so that they survive a restart."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct, field

from xats_tui.backend.store.sql.columns import column, from_json, instant, to_json
from xats_tui.backend.store.sql.transactions import Reader, Row, Transaction
from xats_tui.core.clock import from_wire, to_wire
from xats_tui.core.model.wakes import REPLAYED, UNCONFIRMED, AskedWay, Wake, WakeAttempt, WakeStage, WakeStatus

SELECT = """SELECT w.*, m.from_agent_id, m.subject FROM message_delivery_status w
    LEFT JOIN messages m ON m.id = w.recipient_message_id """

LISTED = """SELECT message_id, agent_id, queued_at, 1 AS pressing FROM message_delivery_status
        WHERE due_at IS NOT NULL
    UNION ALL SELECT f.message_id, f.agent_id, f.queued_at, 1 FROM message_delivery_status f
        JOIN messages m ON m.id = f.recipient_message_id JOIN agents a ON a.agent_id = f.agent_id
        WHERE f.wake_status = 'failed' AND m.read_at IS NULL
    UNION ALL SELECT * FROM (SELECT message_id, agent_id, queued_at, 0 FROM message_delivery_status
        ORDER BY queued_at DESC LIMIT ?)"""
"""Wakes for the list: open ones, failed ones that can be retried, and the newest of all."""

RUNGS = tuple((step, f"{step}_at") for step in WakeStage)
"""Every stage with its column."""

BY_ITSELF = "recipient_active"
"""Skip reason of a wake whose agent read its messages before a hint was put."""

BY_THE_AGENT = f"""skip_reason = CASE WHEN wake_status != 'retrying' THEN skip_reason
        WHEN typed_at IS NULL THEN '{BY_ITSELF}' END,
    detail = CASE WHEN wake_status != 'retrying' THEN detail
        WHEN typed_at IS NULL THEN 'the agent ' || ? || ' by itself'
        ELSE 'the agent ' || ? || ' after a hint was typed' END,
    delivered_at = CASE WHEN wake_status = 'retrying' AND typed_at IS NOT NULL THEN coalesce(delivered_at, ?)
        ELSE delivered_at END,
    wake_status = CASE WHEN wake_status != 'retrying' THEN wake_status
        WHEN typed_at IS NULL THEN 'skipped' ELSE 'delivered' END"""
"""SET clause for a call by the recipient itself while a wake waits; it confirms a hint that was typed."""

QUEUED_SINCE = """
    SELECT queued_at, submitted_at, read_at, updated_at, wake_status FROM message_delivery_status
    WHERE queued_at >= ? ORDER BY queued_at DESC LIMIT ?"""
"""The newest wakes that were queued since a moment."""

SEARCHED_ATTEMPTS = 500
"""Newest attempts for an agent among which the last use of each transport is looked for."""

REVIVABLE = "('no_pane', 'tmux_unavailable', 'retry_exhausted')"
"""Reasons for ended wakes that a new binding revives."""


class NewWake(Struct, frozen=True, kw_only=True):
    """A wake as it is written together with its message."""

    message_id: str
    agent_id: str
    recipient_message_id: str
    status: WakeStatus
    skip_reason: str | None
    due_at: datetime | None
    expires_at: datetime | None
    detail: str | None = None
    urgent: bool = False


class AttemptOutcome(Struct, frozen=True, kw_only=True):
    """Effect of an attempt on its wake."""

    status: WakeStatus
    skip_reason: str | None
    detail: str
    due_at: datetime | None
    step: WakeStage
    times: Mapping[WakeStage, datetime] = field(default_factory=dict)
    """Time when each stage was reached; a missing stage gets the time of the transaction."""
    typed: bool = True
    """True if the hint was typed on the way."""
    failed: bool = False


async def queue(tx: Transaction, wakes: Sequence[NewWake]) -> None:
    """Write the wakes of a message that is stored in the same transaction."""
    now = to_wire(tx.now)
    await tx.execute_many(
        "INSERT INTO message_delivery_status (message_id, agent_id, wake_status, skip_reason, retry_attempts, "
        "updated_at, recipient_message_id, due_at, expires_at, queued_at, detail, urgent) "
        "VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                wake.message_id,
                wake.agent_id,
                wake.status,
                wake.skip_reason,
                now,
                wake.recipient_message_id,
                column(wake.due_at),
                column(wake.expires_at),
                now,
                wake.detail,
                int(wake.urgent),
            )
            for wake in wakes
        ],
    )


async def agents_due(reader: Reader, now: datetime, limit: int) -> tuple[str, ...]:
    """Return the ids of up to `limit` agents with a due wake, longest wait first."""
    rows = await reader.fetch_all(
        # The `+` stops SQLite from reading every wake in the order of an index by agent.
        "SELECT agent_id, min(due_at) AS due FROM message_delivery_status WHERE due_at IS NOT NULL AND due_at <= ? "
        "GROUP BY +agent_id ORDER BY due LIMIT ?",
        (to_wire(now), limit),
    )
    return tuple(row["agent_id"] for row in rows)


async def next_due(reader: Reader) -> datetime | None:
    """Return the time when the next wake is due."""
    row = await reader.fetch_one("SELECT min(due_at) AS due FROM message_delivery_status WHERE due_at IS NOT NULL")
    return instant(row["due"]) if row else None


async def open_for(reader: Reader, agent_id: str) -> tuple[Wake, ...]:
    """Return the open wakes for an agent, oldest first."""
    return await reader.fetch_objects(
        wake_of,
        f"{SELECT} WHERE w.agent_id = ? AND w.due_at IS NOT NULL ORDER BY w.queued_at, w.message_id",
        (agent_id,),
    )


async def of_message(reader: Reader, message_id: str) -> tuple[Wake, ...]:
    """Return the wakes of a message by recipient; the id of one broadcast row selects that recipient only."""
    return await reader.fetch_objects(
        wake_of,
        f"{SELECT} WHERE w.message_id = ? OR w.recipient_message_id = ? ORDER BY w.agent_id",
        (message_id, message_id),
    )


async def newest(reader: Reader, limit: int, listed: str = LISTED) -> tuple[Wake, ...]:
    """Return wakes of all agents, newest first; wakes that somebody waits for take precedence within the limit."""
    return await reader.fetch_objects(
        wake_of,
        f"SELECT * FROM ({SELECT} JOIN (SELECT message_id, agent_id, max(pressing) AS pressing FROM ({listed}) "
        "GROUP BY message_id, agent_id ORDER BY pressing DESC, max(queued_at) DESC LIMIT ?) "
        "AS listed ON listed.message_id = w.message_id AND listed.agent_id = w.agent_id) "
        "ORDER BY queued_at DESC, message_id",
        (limit, limit),
    )


async def latest_by_agent(reader: Reader) -> dict[str, Wake]:
    """Return the wake of the newest message to each agent, by agent id; the cost does not grow with the messages."""
    wakes = await reader.fetch_objects(
        wake_of,
        f"{SELECT} WHERE w.rowid IN (SELECT (SELECT d.rowid FROM messages n JOIN message_delivery_status d "
        "ON d.recipient_message_id = n.id WHERE n.to_agent_id = a.agent_id ORDER BY n.event_id DESC LIMIT 1) "
        "FROM agents a)",
    )
    return {wake.agent_id: wake for wake in wakes}


async def waiting_by_agent(reader: Reader) -> dict[str, int]:
    """Count the waiting wakes of each agent."""
    rows = await reader.fetch_all(
        "SELECT agent_id, count(*) AS n FROM message_delivery_status "
        # The `+` has the same purpose as in `agents_due`.
        "WHERE due_at IS NOT NULL AND wake_status = 'retrying' GROUP BY +agent_id"
    )
    return {row["agent_id"]: row["n"] for row in rows}


async def failed_count(reader: Reader) -> int:
    """Count the failed wakes whose message is still unread."""
    row = await reader.fetch_one(
        "SELECT count(*) AS n FROM message_delivery_status w JOIN messages m ON m.id = w.recipient_message_id "
        "WHERE w.wake_status = 'failed' AND m.read_at IS NULL"
    )
    return int(row["n"]) if row else 0


async def submitted_by_minute(reader: Reader, since: datetime, limit: int) -> list[tuple[str, int]]:
    """Return for each minute the time of the first hint that was submitted in it, and their number.

    Counted are wakes queued since then, at most `limit`, the newest; so are they in the functions below.
    """
    rows = await reader.fetch_all(
        f"SELECT min(submitted_at) AS at, count(*) AS n FROM ({QUEUED_SINCE}) WHERE submitted_at IS NOT NULL "
        "GROUP BY substr(submitted_at, 1, 16)",
        (to_wire(since), limit),
    )
    return [(row["at"], row["n"]) for row in rows]


async def failed_by_minute(reader: Reader, since: datetime, limit: int) -> list[tuple[str, int]]:
    """Return for each minute the time of the first wake that failed in it, and their number."""
    rows = await reader.fetch_all(
        f"SELECT min(updated_at) AS at, count(*) AS n FROM ({QUEUED_SINCE}) WHERE wake_status = 'failed' "
        "GROUP BY substr(updated_at, 1, 16)",
        (to_wire(since), limit),
    )
    return [(row["at"], row["n"]) for row in rows]


async def typical_waits(reader: Reader, since: datetime, limit: int) -> tuple[float, float] | None:
    """Return median and 95th percentile of the seconds until messages were read; None if none was."""
    rows = await reader.fetch_all(
        "WITH waits AS (SELECT (julianday(read_at) - julianday(queued_at)) * 86400 AS seconds, count(*) OVER () - 1 "
        "AS last, row_number() OVER (ORDER BY julianday(read_at) - julianday(queued_at)) - 1 AS place "
        f"FROM ({QUEUED_SINCE}) WHERE read_at IS NOT NULL) "
        "SELECT seconds FROM waits WHERE place IN ((last * 50 + 50) / 100, (last * 95 + 50) / 100) ORDER BY place",
        (to_wire(since), limit),
    )
    return (rows[0]["seconds"], rows[-1]["seconds"]) if rows else None


async def attempts(reader: Reader, message_id: str, agent_id: str) -> tuple[WakeAttempt, ...]:
    """Return every attempt of one wake, first attempt first."""
    rows = await reader.fetch_all(
        "SELECT * FROM wake_attempts WHERE message_id = ? AND agent_id = ? ORDER BY number", (message_id, agent_id)
    )
    return tuple(map(attempt_of, rows))


def attempt_of(row: Row) -> WakeAttempt:
    """Return the attempt in a row."""
    return WakeAttempt(
        number=row["number"],
        at=from_wire(row["at"]),
        transport=row["transport"],
        outcome=row["outcome"],
        seen_before=row["seen_before"],
        seen_after=row["seen_after"],
        ways=tuple(AskedWay(transport=name, verdict=verdict) for name, verdict in from_json(row["ways"])),
    )


async def note_attempt(tx: Transaction, wake: Wake, attempt: WakeAttempt, outcome: AttemptOutcome) -> None:
    """Record an attempt and its effect on the wake; a wake that ended meanwhile stays ended.

    Evidence is only added: a later attempt that gets less far removes nothing.  A new submission replaces the earlier
    evidence.
    """
    now = to_wire(tx.now)
    climbed = _climbed(outcome)
    again = outcome.step is WakeStage.SUBMITTED
    rungs = "".join(f", {step}_at = " + ("?" if again else f"coalesce({step}_at, ?)") for step in climbed)
    updated = await tx.fetch_one(
        "UPDATE message_delivery_status SET wake_status = ?, skip_reason = ?, detail = ?, due_at = ?, transport = ?, "
        "attempts = attempts + 1, retry_attempts = attempts, failures = failures + ?, updated_at = ?, "
        f"delivered_at = CASE WHEN ? = 'delivered' THEN coalesce(delivered_at, ?) END{rungs} "
        "WHERE message_id = ? AND agent_id = ? AND due_at IS NOT NULL RETURNING attempts",
        (
            outcome.status,
            outcome.skip_reason,
            outcome.detail,
            column(outcome.due_at),
            attempt.transport,
            int(outcome.failed),
            now,
            outcome.status,
            now,
            *(to_wire(outcome.times.get(step, tx.now)) for step in climbed),
            wake.message_id,
            wake.agent_id,
        ),
    )
    if updated:
        await _insert_attempt(tx, wake, attempt, updated["attempts"])


async def note_overtaken(tx: Transaction, wake: Wake, attempt: WakeAttempt, outcome: AttemptOutcome) -> None:
    """Record a hint for a wake that has ended before the attempt was over.

    If the agent fetched the message after the hint was put, it did not do so by itself.
    """
    climbed = _climbed(outcome)
    if climbed[-1] is WakeStage.ATTEMPTED:
        await _note_unknown(tx, wake, attempt, outcome)
        return
    put_at = to_wire(min(outcome.times[step] for step in climbed[1:]))
    is_answer = f"skip_reason IS '{BY_ITSELF}' AND coalesce(seen_at, read_at, '') >= ?1"
    # a message that was fetched in answer to a hint shows that the hint was submitted by then
    rungs = "".join(
        f", {step}_at = coalesce({step}_at, CASE WHEN {is_answer} THEN min(?{number}, coalesce(seen_at, read_at)) "
        f"ELSE ?{number} END)"
        for number, step in enumerate(climbed, 6)
    )
    updated = await tx.fetch_one(
        "UPDATE message_delivery_status SET "
        f"wake_status = CASE WHEN {is_answer} THEN 'delivered' ELSE wake_status END, "
        f"detail = CASE WHEN {is_answer} THEN ?2 ELSE detail END, "
        f"delivered_at = CASE WHEN {is_answer} THEN coalesce(delivered_at, ?1) ELSE delivered_at END, "
        f"skip_reason = CASE WHEN {is_answer} THEN NULL ELSE skip_reason END, "
        f"transport = ?3, attempts = attempts + 1, retry_attempts = attempts{rungs} "
        "WHERE message_id = ?4 AND agent_id = ?5 AND due_at IS NULL RETURNING attempts",
        (
            put_at,
            f"{outcome.detail}; the agent has fetched it",
            attempt.transport,
            wake.message_id,
            wake.agent_id,
            *(to_wire(outcome.times[step]) for step in climbed),
        ),
    )
    if updated:
        await _insert_attempt(tx, wake, attempt, updated["attempts"])


async def _note_unknown(tx: Transaction, wake: Wake, attempt: WakeAttempt, outcome: AttemptOutcome) -> None:
    """Record a hint that may have been put before the agent fetched the message, or not."""
    updated = await tx.fetch_one(
        "UPDATE message_delivery_status SET "
        f"detail = CASE WHEN skip_reason IS '{BY_ITSELF}' THEN ?1 ELSE detail END, transport = ?2, "
        "attempts = attempts + 1, retry_attempts = attempts, attempted_at = coalesce(attempted_at, ?3) "
        "WHERE message_id = ?4 AND agent_id = ?5 AND due_at IS NULL RETURNING attempts",
        (
            f"{outcome.detail}; the agent has fetched it",
            attempt.transport,
            to_wire(outcome.times[WakeStage.ATTEMPTED]),
            wake.message_id,
            wake.agent_id,
        ),
    )
    if updated:
        await _insert_attempt(tx, wake, attempt, updated["attempts"])


def _climbed(outcome: AttemptOutcome) -> list[WakeStage]:
    """Return the stages that an attempt has reached."""
    return [
        step
        for step in (WakeStage.ATTEMPTED, WakeStage.TYPED, WakeStage.SUBMITTED)
        if _reaches(outcome.step, step) and (outcome.typed or step is not WakeStage.TYPED)
    ]


async def _insert_attempt(tx: Transaction, wake: Wake, attempt: WakeAttempt, number: int) -> None:
    await tx.execute(
        "INSERT INTO wake_attempts (message_id, agent_id, number, at, transport, outcome, seen_before, seen_after, "
        "ways) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            wake.message_id,
            wake.agent_id,
            number,
            to_wire(attempt.at),
            attempt.transport,
            attempt.outcome,
            attempt.seen_before,
            attempt.seen_after,
            to_json([[way.transport, way.verdict] for way in attempt.ways]),
        ),
    )


class WastedHints(Struct, frozen=True, kw_only=True):
    """Hints in a period after which the agent did not fetch its messages."""

    count: int
    oldest_at: datetime | None


async def wasted_hints(reader: Reader, agent_id: str, since: datetime) -> WastedHints:
    """Count the hints since `since` after which the agent fetched none of the announced messages.

    One hint may have carried out many wakes.
    """
    row = await reader.fetch_one(
        "SELECT count(*) AS n, min(at) AS oldest FROM (SELECT a.at FROM wake_attempts a "
        "JOIN message_delivery_status w ON w.message_id = a.message_id AND w.agent_id = a.agent_id "
        "WHERE a.agent_id = ? AND a.at > ? AND a.outcome LIKE 'submitted%' "
        "GROUP BY a.at HAVING max(coalesce(w.seen_at, '') >= a.at) = 0)",
        (agent_id, to_wire(since)),
    )
    return WastedHints(count=row["n"] if row else 0, oldest_at=instant(row["oldest"]) if row else None)


async def last_used(reader: Reader, agent_id: str) -> dict[str, datetime]:
    """Return the time of the newest hint by each transport, among the newest attempts for an agent."""
    rows = await reader.fetch_all(
        "SELECT transport, max(at) AS newest FROM (SELECT transport, at, outcome FROM wake_attempts "
        "WHERE agent_id = ? ORDER BY at DESC LIMIT ?) "
        "WHERE outcome LIKE 'submitted%' OR outcome LIKE 'typed%' GROUP BY transport",
        (agent_id, SEARCHED_ATTEMPTS),
    )
    return {row["transport"]: from_wire(row["newest"]) for row in rows}


async def end_as_seen(tx: Transaction, row_ids: Collection[str]) -> None:
    """End every wake for messages that are in an answer to their recipient."""
    now = to_wire(tx.now)
    await tx.execute_many(
        "UPDATE message_delivery_status SET seen_at = ?, updated_at = ?, due_at = NULL, "
        f"{BY_THE_AGENT} WHERE recipient_message_id = ?",
        [(now, now, "has fetched it", "has fetched it", now, row_id) for row_id in row_ids],
    )


async def note_begun(tx: Transaction, row_ids: Collection[str], look_again_at: datetime) -> None:
    """Record that the recipient got a part of these messages, and do not wake it before `look_again_at`."""
    await tx.execute_many(
        "UPDATE message_delivery_status SET seen_at = ?, due_at = CASE WHEN due_at IS NULL "
        "THEN NULL ELSE max(due_at, ?) END WHERE recipient_message_id = ?",
        [(to_wire(tx.now), to_wire(look_again_at), row_id) for row_id in row_ids],
    )


async def let_read_on(tx: Transaction, agent_id: str, until: datetime) -> None:
    """Announce at `until` what is left in an agent's inbox: its hint led to a page without these messages."""
    await tx.execute(
        "UPDATE message_delivery_status SET "
        "due_at = CASE wake_status WHEN 'delivered' THEN ?1 ELSE min(due_at, ?1) END "
        "WHERE agent_id = ?2 AND due_at IS NOT NULL AND seen_at IS NULL",
        (to_wire(until), agent_id),
    )


async def release_unread(tx: Transaction, agent_id: str, left_until: datetime, hook: str) -> bool:
    """Make due the messages left behind a page or not fetched after an announcement by `hook`; False if there are none.

    Messages that the hook's turn did not fetch wait to be announced again.
    """
    now = to_wire(tx.now)
    rows = await tx.fetch_all(
        "UPDATE message_delivery_status SET due_at = ?1, updated_at = ?1, "
        "wake_status = CASE transport WHEN ?4 THEN 'retrying' ELSE wake_status END, "
        "detail = CASE transport WHEN ?4 THEN 'the turn ended without reading the inbox' ELSE detail END "
        "WHERE agent_id = ?2 AND due_at > ?1 AND seen_at IS NULL "
        "AND (due_at <= ?3 OR wake_status = 'delivered' AND transport = ?4) RETURNING message_id",
        (now, agent_id, to_wire(left_until), hook),
    )
    return bool(rows)


async def reopen(tx: Transaction, row_ids: Collection[str], expires_at: datetime) -> None:
    """Wake again for unread messages whose reader is gone; messages that were not to wake anybody stay so."""
    now = to_wire(tx.now)
    await tx.execute_many(
        "UPDATE message_delivery_status SET wake_status = 'retrying', skip_reason = NULL, failures = 0, due_at = ?, "
        "updated_at = ?, expires_at = max(coalesce(expires_at, ''), ?), detail = 'the session that fetched it is gone' "
        "WHERE recipient_message_id = ? AND due_at IS NULL AND (wake_status = 'delivered' OR "
        "skip_reason = 'recipient_active') AND EXISTS (SELECT 1 FROM messages m "
        "WHERE m.id = message_delivery_status.recipient_message_id AND m.read_at IS NULL)",
        [(now, now, to_wire(expires_at), row_id) for row_id in row_ids],
    )


async def end_as_read(tx: Transaction, row_ids: Collection[str]) -> None:
    """End every wake for messages that their recipient has read."""
    now = to_wire(tx.now)
    await tx.execute_many(
        "UPDATE message_delivery_status SET read_at = coalesce(read_at, ?), updated_at = ?, due_at = NULL, "
        f"{BY_THE_AGENT} WHERE recipient_message_id = ?",
        [(now, now, "read it", "read it", now, row_id) for row_id in row_ids],
    )


async def cancel(tx: Transaction, message_id: str, agent_id: str) -> bool:
    """End a wake on the operator's request; return False if it is over already."""
    row = await tx.fetch_one(
        "UPDATE message_delivery_status SET wake_status = CASE wake_status WHEN 'retrying' THEN 'skipped' "
        "ELSE wake_status END, detail = 'cancelled by the operator', due_at = NULL, updated_at = ? "
        "WHERE message_id = ? AND agent_id = ? AND due_at IS NOT NULL RETURNING message_id",
        (to_wire(tx.now), message_id, agent_id),
    )
    return row is not None


async def replay(tx: Transaction, message_id: str, agent_id: str, expires_at: datetime) -> bool:
    """Make a wake due now, even if it is over; return False if its message has been read."""
    row = await tx.fetch_one(
        "UPDATE message_delivery_status SET wake_status = 'retrying', skip_reason = NULL, failures = 0, due_at = ?, "
        "expires_at = ?, updated_at = ?, detail = ? WHERE message_id = ? AND agent_id = ? "
        "AND EXISTS (SELECT 1 FROM messages m WHERE m.id = message_delivery_status.recipient_message_id "
        "AND m.read_at IS NULL) RETURNING message_id",
        (to_wire(tx.now), to_wire(expires_at), to_wire(tx.now), REPLAYED, message_id, agent_id),
    )
    return row is not None


async def end_for_departed(tx: Transaction, agent_id: str) -> None:
    """End every wake for an agent that has left."""
    await tx.execute(
        "UPDATE message_delivery_status SET wake_status = 'failed', skip_reason = 'no_pane', due_at = NULL, "
        "detail = 'the agent has left', updated_at = ? WHERE agent_id = ? AND due_at IS NOT NULL",
        (to_wire(tx.now), agent_id),
    )


async def revive(tx: Transaction, agent_id: str, expires_at: datetime, *, ended_only: bool = False) -> bool:
    """Make due the wakes that an agent's new pane or its return can carry out; return False if there are none.

    With `ended_only`, what is under way stays as it is: a hint may have been put that can still be taken.
    """
    now, under_way = to_wire(tx.now), "due_at IS NOT NULL AND wake_status = 'retrying' OR " if not ended_only else ""
    rows = await tx.fetch_all(
        "UPDATE message_delivery_status SET wake_status = 'retrying', skip_reason = NULL, due_at = ?, updated_at = ?, "
        "expires_at = max(coalesce(expires_at, ''), ?), failures = 0, detail = 'waiting for the first try' "
        "WHERE agent_id = ? AND EXISTS (SELECT 1 FROM messages m "
        "WHERE m.id = message_delivery_status.recipient_message_id AND m.read_at IS NULL) AND "
        f"({under_way}due_at IS NULL AND skip_reason IN {REVIVABLE}) "
        "RETURNING message_id",
        (now, now, to_wire(expires_at), agent_id),
    )
    return bool(rows)


async def make_all_due(tx: Transaction, longest_rest: timedelta) -> None:
    """Make every waiting wake due.

    A hint that was typed, or may have been taken, is repeated only if it waits longer than `longest_rest`.
    """
    await tx.execute(
        "UPDATE message_delivery_status SET due_at = ?1 WHERE due_at > ?1 "
        "AND (due_at > ?2 OR wake_status = 'retrying' AND substr(ifnull(detail, ''), 1, length(?3)) <> ?3)",
        (to_wire(tx.now), to_wire(tx.now + longest_rest), UNCONFIRMED),
    )


def _reaches(reached: WakeStage, step: WakeStage) -> bool:
    ladder = list(WakeStage)
    return ladder.index(step) <= ladder.index(reached)


def wake_of(row: Row) -> Wake:
    """Return the wake in a row of `SELECT`."""
    return Wake(
        message_id=row["message_id"],
        agent_id=row["agent_id"],
        status=WakeStatus(row["wake_status"]),
        skip_reason=row["skip_reason"],
        detail=row["detail"],
        attempts=row["attempts"],
        failures=row["failures"],
        transport=row["transport"],
        reached={step: from_wire(row[name]) for step, name in RUNGS if row[name]},
        due_at=instant(row["due_at"]),
        expires_at=instant(row["expires_at"]),
        updated_at=from_wire(row["updated_at"]),
        delivered_at=instant(row["delivered_at"]),
        sender_id=row["from_agent_id"],
        subject=row["subject"],
        urgent=bool(row["urgent"]),
    )
