"""Stored answers of calls that changed something, by caller and call id.

A client whose connection broke repeats the call with the same id: it gets the stored answer, and nothing is done
twice.  Retention deletes old answers.
"""

from xats_tui.backend.store.sql.transactions import Reader, Transaction
from xats_tui.core.clock import to_wire


async def answer(reader: Reader, caller: str, call_id: str) -> str | None:
    """Return the stored answer to a call, or None if the call was not carried out."""
    row = await reader.fetch_one("SELECT answer FROM calls WHERE caller = ? AND call_id = ?", (caller, call_id))
    return None if row is None else str(row["answer"])


async def keep(tx: Transaction, caller: str, call_id: str, text: str) -> None:
    """Store the answer to a call in the transaction that carries it out."""
    await tx.execute(
        "INSERT INTO calls (caller, call_id, at, answer) VALUES (?, ?, ?, ?)", (caller, call_id, to_wire(tx.now), text)
    )
