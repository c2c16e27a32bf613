"""The answers to calls that changed something, by their callers and the ids that those gave them.

A caller whose connection broke in the middle asks again under the same id: it gets the answer, and nothing is done
twice.  Retention deletes them.
"""

from xats_tui.backend.store.sql.transactions import Reader, Transaction
from xats_tui.core.clock import to_wire


async def answer(reader: Reader, caller: str, call_id: str) -> str | None:
    """The answer to a caller's call that was carried out; None if it was not."""
    row = await reader.fetch_one("SELECT answer FROM calls WHERE caller = ? AND call_id = ?", (caller, call_id))
    return None if row is None else str(row["answer"])


async def keep(tx: Transaction, caller: str, call_id: str, text: str) -> None:
    """Keep the answer to a call, in the transaction that carries it out."""
    await tx.execute(
        "INSERT INTO calls (caller, call_id, at, answer) VALUES (?, ?, ?, ?)", (caller, call_id, to_wire(tx.now), text)
    )
