"""Messages that were handed out in an answer but have not yet been confirmed as seen by the model."""

from collections.abc import Collection, Sequence

from msgspec import Struct

from xats_tui.backend.store.sql.columns import to_json
from xats_tui.backend.store.sql.transactions import Reader, Row, Transaction
from xats_tui.core.clock import to_wire


class ReceiptHolder(Struct, frozen=True, kw_only=True):
    """Receiver of messages in an answer: one context of one model, as far as that can be told."""

    agent_id: str
    reader: str
    """Session of the client program, or another id that stays the same as long as the model remembers."""
    ui_pid: int | None
    """Process of the client's user interface, as its bridge reports it."""


class HandedPart(Struct, frozen=True, kw_only=True):
    """A message in an answer, or one part of it; measured in characters of subject and body together."""

    message_id: str
    end: int
    """End of the part."""
    total: int

    @property
    def is_last(self) -> bool:
        """True if the part reaches the end of the message."""
        return self.end >= self.total


class PartlyHanded(Struct, frozen=True, kw_only=True):
    """Confirmed parts of a message, and the characters in them."""

    parts: int = 0
    characters: int = 0


NOTHING = PartlyHanded()


async def begun(reader: Reader, holder: ReceiptHolder) -> dict[str, PartlyHanded]:
    """Return the messages of which this holder has confirmed parts, by id."""
    rows = await reader.fetch_all(
        "SELECT message_id, parts, characters FROM handed_out WHERE agent_id = ? AND reader = ? AND parts > 0",
        (holder.agent_id, holder.reader),
    )
    return {row["message_id"]: PartlyHanded(parts=row["parts"], characters=row["characters"]) for row in rows}


async def hand_out(tx: Transaction, holder: ReceiptHolder, pieces: Sequence[HandedPart], number: int) -> None:
    """Record the messages in an answer that is about to be sent; `number` increases from answer to answer."""
    await tx.execute_many(
        "INSERT INTO handed_out (agent_id, reader, message_id, ui_pid, ends_at, total, number, at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET ui_pid = excluded.ui_pid, "
        "ends_at = excluded.ends_at, total = excluded.total, number = excluded.number, at = excluded.at, has_left = 0",
        [
            (
                holder.agent_id,
                holder.reader,
                piece.message_id,
                holder.ui_pid,
                piece.end,
                piece.total,
                number,
                to_wire(tx.now),
            )
            for piece in pieces
        ],
    )


async def confirm_of_reader(tx: Transaction, holder: ReceiptHolder, before: int) -> tuple[str, ...]:
    """Confirm what this holder got in answers before `before`; return the ids of the messages that are now read."""
    return await _confirm(tx, "agent_id = ? AND reader = ? AND number < ?", (holder.agent_id, holder.reader, before))


async def confirm_of_host(
    tx: Transaction, agent_id: str, readers: Collection[str], ui_pids: Collection[int], before: int
) -> tuple[str, ...]:
    """Confirm what the agent's own program got in answers before `before`; return the ids of the messages now read."""
    return await _confirm(
        tx,
        "agent_id = ? AND (reader IN (SELECT value FROM json_each(?)) OR ui_pid IN (SELECT value FROM json_each(?))) "
        "AND number < ?",
        (agent_id, to_json(list(readers)), to_json(list(ui_pids)), before),
    )


async def _confirm(tx: Transaction, whose: str, parameters: tuple[str | int, ...]) -> tuple[str, ...]:
    arrived = await tx.fetch_all(
        f"SELECT message_id, ends_at >= total AS is_whole FROM handed_out WHERE {whose} AND ends_at IS NOT NULL",
        parameters,
    )
    if not all(row["is_whole"] for row in arrived):
        await tx.execute(
            "UPDATE handed_out SET parts = parts + 1, characters = ends_at, ends_at = NULL "
            f"WHERE {whose} AND ends_at < total",
            parameters,
        )
    return tuple(row["message_id"] for row in arrived if row["is_whole"])


async def forget(tx: Transaction, message_ids: Collection[str]) -> None:
    """Delete the receipts of these messages, because they are read."""
    await tx.execute(
        "DELETE FROM handed_out WHERE message_id IN (SELECT value FROM json_each(?))", (to_json(list(message_ids)),)
    )


async def withdraw(tx: Transaction, agent_id: str, staying: Collection[str]) -> tuple[str, ...]:
    """Take an agent's messages back from all readers except `staying`; return the ids of the messages taken back."""
    rows = await tx.fetch_all(
        "DELETE FROM handed_out WHERE agent_id = ? AND reader NOT IN (SELECT value FROM json_each(?)) "
        "RETURNING message_id, ends_at",
        (agent_id, to_json(list(staying))),
    )
    return _held(rows)


async def take_back(tx: Transaction, holder: ReceiptHolder, number: int) -> tuple[str, ...]:
    """Take back what this holder would have got in one answer; return the ids of the messages."""
    rows = await tx.fetch_all(
        "UPDATE handed_out SET ends_at = NULL WHERE agent_id = ? AND reader = ? AND number = ? "
        "AND ends_at IS NOT NULL RETURNING message_id",
        (holder.agent_id, holder.reader, number),
    )
    await tx.execute(
        "DELETE FROM handed_out WHERE agent_id = ? AND reader = ? AND ends_at IS NULL AND parts = 0",
        (holder.agent_id, holder.reader),
    )
    return tuple(row["message_id"] for row in rows)


async def withdraw_unsent(tx: Transaction) -> tuple[str, ...]:
    """Take back messages in answers that an earlier process may never have sent; return their ids.

    Answers that were sent get number 0: they are older than any answer of this process.
    """
    rows = await tx.fetch_all(
        "UPDATE handed_out SET ends_at = NULL WHERE has_left = 0 AND ends_at IS NOT NULL RETURNING message_id, total"
    )
    await tx.execute("UPDATE handed_out SET number = 0")
    await tx.execute("DELETE FROM handed_out WHERE ends_at IS NULL AND parts = 0")
    return tuple(row["message_id"] for row in rows)


async def note_left(tx: Transaction, number: int) -> None:
    """Record that answers up to `number` have left this process."""
    await tx.execute("UPDATE handed_out SET has_left = 1 WHERE has_left = 0 AND number <= ?", (number,))


async def has_mail_in_hand(reader: Reader, agent_id: str) -> bool:
    """Return whether an agent has messages in hand."""
    row = await reader.fetch_one(
        "SELECT 1 FROM handed_out WHERE agent_id = ? AND ends_at IS NOT NULL LIMIT 1", (agent_id,)
    )
    return row is not None


async def agents_with_mail_in_hand(reader: Reader) -> dict[str, int]:
    """Return the number of the newest answer with messages in hand, by agent id."""
    rows = await reader.fetch_all(
        "SELECT agent_id, max(number) AS newest FROM handed_out WHERE ends_at IS NOT NULL GROUP BY agent_id"
    )
    return {row["agent_id"]: row["newest"] for row in rows}


def _held(rows: Sequence[Row]) -> tuple[str, ...]:
    return tuple(row["message_id"] for row in rows if row["ends_at"] is not None)
