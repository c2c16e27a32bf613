"""Ack loops: two or three agents that keep acknowledging each other, each woken by the other's thanks.  Pure.

Only repetitions are held: short messages that want no reply, ask and answer nothing, and contain no word besides polite
ones that was not said before.  The first message with something new lets everything through.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from xats_tui.backend.store.exchanges import MAX_TEXT_CHARS, Utterance
from xats_tui.core.model.agents import OPERATOR_ID

LOOP_PERIOD = timedelta(minutes=5)
"""Period in which repetitions are counted."""

LOOP_REPETITIONS = 6
"""Number of repetitions in each direction within that period that make a loop."""

MAX_COUNTERPARTS = 2
"""Maximum number of agents on the other side; more of them are a meeting."""

PHRASES = """
    thanks thank you so very much again, you're welcome, no problem, sure, anytime, always, my pleasure, cheers
    yes ok okay great good nice perfect cool, got it, noted, ack, acknowledged, understood, appreciate appreciated
    glad happy to help, no worries, likewise, same here too, have a nice day, for all the help
"""

WORD = re.compile(r"\w+")
POLITE = frozenset(WORD.findall(PHRASES))
"""Words that say nothing new, unless they answer a question."""

QUESTION_MARKS = re.compile("[?\uff1f\u061f]")


def loop_ends_at(agent_id: str, exchange: Sequence[Utterance]) -> datetime | None:
    """Return the time from which an agent may be woken for repetitions; None if it may be woken now.

    Args:
        agent_id: the agent.
        exchange: its messages within `LOOP_PERIOD`, and its other unread messages, oldest first.
    """
    if len({said.sender for said in exchange if said.recipient == agent_id}) > MAX_COUNTERPARTS:
        return None
    words: set[str] = set(POLITE)
    asked: set[tuple[str, str]] = set()
    """Pairs of agents of which the first has asked the second, by the newest message between them."""
    received, sent = list[datetime](), list[datetime]()
    for said in exchange:
        answers = (said.recipient, said.sender) in asked
        if answers or _is_new(said, words):
            if said.recipient == agent_id and not said.read:
                return None
        else:
            (received if said.recipient == agent_id else sent).append(said.at)
        words |= _words(said)
        asked.discard((said.recipient, said.sender))
        if _asks(said):
            asked.add((said.sender, said.recipient))
    if min(len(received), len(sent)) < LOOP_REPETITIONS:
        return None
    return min(received[-LOOP_REPETITIONS], sent[-LOOP_REPETITIONS]) + LOOP_PERIOD


def _is_new(said: Utterance, words: set[str]) -> bool:
    """Return whether a message says, asks or wants something that is new in the exchange."""
    return _asks(said) or said.sender == OPERATOR_ID or len(said.text) > MAX_TEXT_CHARS or not _words(said) <= words


def _asks(said: Utterance) -> bool:
    return said.need_reply or bool(QUESTION_MARKS.search(said.text))


def _words(said: Utterance) -> set[str]:
    return set(WORD.findall(said.text.casefold()))
