"""SQL conditions for the entries that are wanted of a long list."""

from collections.abc import Sequence
from typing import Any

NAMED = """(SELECT agent_id FROM agents WHERE {test_agent} UNION
    SELECT agent_id FROM departed_agents WHERE {test_departed})"""
"""Ids of agents whose name passes a test; SQLite looks them up once for a statement."""

OCCURS = NAMED.format(test_agent="instr(lower(name || '@' || team), ?) > 0", test_departed="instr(lower(name), ?) > 0")
"""Agents whose name contains a word; takes the word twice."""

BEGINS = NAMED.format(
    test_agent="substr(lower(name || '@' || team), 1, length(?)) = ?",
    test_departed="substr(lower(name), 1, length(?)) = ?",
)
"""Agents whose name begins with a word; takes the word four times."""


class Conditions:
    """Conditions that all have to hold, with their parameters."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self.parameters: list[Any] = []

    def add(self, condition: str, *parameters: Any) -> None:
        """Add a condition."""
        self._parts.append(condition)
        self.parameters += parameters

    def add_words(self, words: Sequence[str], text: str, ids: Sequence[str]) -> None:
        """Demand that each word occurs in a text, or in the id or name of an agent.

        Args:
            words: the words, in small letters.
            text: SQL expression of the text.
            ids: SQL expressions of agents' ids.
        """
        for word in words:
            whole = " || ' ' || ".join((text, *(f"coalesce({one}, '')" for one in ids)))
            named = " OR ".join(f"{one} IN {OCCURS}" for one in ids)
            self.add(f"(instr(lower({whole}), ?) > 0 OR {named})", word, *([word] * 2 * len(ids)))

    def add_agents(self, names: Sequence[str], ids: Sequence[str]) -> None:
        """Demand for each beginning of a name that one of these agents has it, or an id that begins so."""
        for name in names:
            tests = (f"{one} IN {BEGINS} OR substr(lower({one}), 1, length(?)) = ?" for one in ids)
            self.add(f"({' OR '.join(tests)})", *([name] * 6 * len(ids)))

    def __str__(self) -> str:
        return " AND ".join(self._parts) or "TRUE"
