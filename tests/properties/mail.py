"""Mail: every accepted message is in exactly one inbox until its recipient has read all of it, and pages lose none."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from tests.properties.story import MAIN_PARTS, TEAMS, Story, names
from tests.properties.world import BODY_LIMIT, PAGE_LIMIT
from xats_tui.core.model.agents import OPERATOR_ID, OPERATOR_NAME

LATELY = 300
"""Seconds for which an agent that has called counts as there."""


@dataclass(slots=True, kw_only=True)
class Letter:
    """The model's knowledge of one row of one inbox."""

    row_id: str
    message_id: str
    event_id: int
    sender: str
    to: str
    body: str
    wakes: bool
    read: bool = False
    begun: str = ""
    """Confirmed beginning of a message in parts."""


class Mail(Story):
    """Agents write to each other."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.handed_over: dict[str, list[tuple[Letter, str]]] = {}
        """By name, what the newest get_inbox answer held, with the text of each up to there."""
        self.known_to_have_left: set[str] = set()
        """Names whose newest answer is known to have left, however often the services start anew."""
        self.called_at: dict[str, float] = {}
        super().__init__()

    @rule(
        sender=names,
        to=st.sampled_from([*MAIN_PARTS, *TEAMS, OPERATOR_NAME, "nobody"]),
        size=st.sampled_from([1, 1, 250, 900, 1_300, BODY_LIMIT + 1]),
        fill=st.sampled_from([".", '"', "漢", "👍"]),
        need_reply=st.booleans(),
        auto_poke=st.sampled_from([True, True, True, False]),
    )
    def writes(self, sender: str, to: str, size: int, need_reply: bool, auto_poke: bool, fill: str = ".") -> None:
        """One agent writes to one agent, to the operator, or to nobody."""
        if sender not in self.registered:
            return
        body = f"{len(self.letters)}".rjust(size, fill)
        answer = self.call(
            sender,
            "send_message",
            to_agent_name=to,
            to_team=TEAMS.get(to, "red"),
            body=body,
            need_reply=need_reply,
            auto_poke=auto_poke,
        )
        if to not in self.registered and to != OPERATOR_NAME:
            assert answer["error"] == "unknown_recipient"
        elif len(body.encode()) > BODY_LIMIT:
            assert answer["error"] == "body_too_large"
        else:
            assert answer["recipients"] == [self.ids.get(to, OPERATOR_ID)]
            self._is_sent(answer, sender, [to], body, auto_poke)

    @rule(sender=names, auto_poke=st.booleans())
    def broadcasts(self, sender: str, auto_poke: bool) -> None:
        """One agent writes to all who are there of its team."""
        if sender not in self.registered:
            return
        body = f"to all {len(self.letters)}"
        others = {name for name in self.registered - {sender} if TEAMS[name] == TEAMS[sender]}
        now = self.world.clock.monotonic()
        lately = {name for name in others if now - self.called_at[name] < LATELY and not self.has_ended(name)}
        answer = self.call(sender, "broadcast", body=body, auto_poke=auto_poke)
        recipients = [self.name_of(agent_id) for agent_id in answer.get("recipients", [])]
        assert lately <= set(recipients) <= others
        assert (answer.get("error") == "unknown_recipient") is not bool(recipients)
        if recipients:
            self._is_sent(answer, sender, recipients, body, auto_poke)

    @rule(name=names, limit=st.integers(min_value=1, max_value=4))
    def reads(self, name: str, limit: int) -> None:
        """An agent gets the oldest mail that it has not read; what it was handed before counts as read with that."""
        if name not in self.registered:
            return
        answer = self.call(name, "get_inbox", limit=limit)
        waiting = self.unread_of(name)
        got = self._is_page(answer, waiting, limit)
        self.handed_over[name] = [(letter, letter.begun + text) for letter, text in got]
        left = len(waiting) - sum(letter.begun + text == letter.body for letter, text in got)
        assert (answer["has_more"], answer.get("waiting", 0)) == (left > 0, left)

    @rule(name=names, limit=st.integers(min_value=1, max_value=4))
    def looks_through_everything(self, name: str, limit: int) -> None:
        """The pages of an inbox together are the inbox: nothing twice, nothing left out, nothing read by it."""
        if name not in self.registered:
            return
        ever = [letter for letter in self.letters if letter.to == name]
        cursor, seen = 0, dict.fromkeys((letter.row_id for letter in ever), "")
        while True:
            answer = self.call(name, "get_inbox", since_event_id=cursor, limit=limit)
            after = [letter for letter in ever if letter.event_id > cursor]
            self._looks_at(answer, after, limit, seen)
            while more := answer.get("next_part"):
                answer = self.call(name, "get_inbox", **more)
                self._looks_at(answer, [one for one in ever if one.event_id > more["since_event_id"]][:1], 1, seen)
            cursor = answer["last_event_id"]
            if not answer["has_more"]:
                break
        assert seen == {letter.row_id: letter.body for letter in ever}

    @invariant()
    def every_message_is_where_it_was_sent(self) -> None:
        """The store holds what was accepted and nothing else, each row read or not as its recipient has made it."""
        stored = {
            (one.id, one.event_id, self.name_of(one.to_agent_id), one.body, one.read_at is not None)
            for one in self.world.look(self.world.mailbox.stream(limit=10_000))
        }
        assert stored == {(one.row_id, one.event_id, one.to, one.body, one.read) for one in self.letters}

    @invariant()
    def the_counts_agree(self) -> None:
        """The roster counts the unread mail that there is."""
        roster = self.world.look(self.world.registry.roster())
        assert {entry.agent.name: entry.unread for entry in roster} == {
            name: len(self.unread_of(name)) for name in self.registered
        }

    def unread_of(self, name: str) -> list[Letter]:
        """An agent's mail that it has not read, the oldest first."""
        return [letter for letter in self.letters if letter.to == name and not letter.read]

    def operator_writes(self, to: Sequence[str]) -> None:
        """The operator's last act has written to these, and to nobody else."""
        known = {letter.row_id for letter in self.letters}
        stream = self.world.look(self.world.mailbox.stream(limit=10_000))
        new = sorted((one for one in stream if one.id not in known), key=lambda one: one.event_id)
        assert sorted(self.name_of(one.to_agent_id) for one in new) == sorted(to)
        for one in new:
            assert one.from_agent_id == OPERATOR_ID
            answer = {"message_id": one.id, "event_id": one.event_id}
            self._is_sent(answer, OPERATOR_NAME, [self.name_of(one.to_agent_id)], one.body, True)

    def has_ended(self, name: str) -> bool:
        """Return whether the program that an agent is bound to is no more: it is offline, whenever it called."""
        return False

    def has_called(self, name: str) -> None:
        """The mail that its last answer held has arrived."""
        super().has_called(name)
        self.called_at[name] = self.world.clock.monotonic()
        self.known_to_have_left.discard(name)
        for letter, text in self.handed_over.pop(name, []):
            letter.begun, letter.read = text, text == letter.body

    def has_left(self, name: str) -> None:
        """Forget the confirmed parts of an agent's unread messages, because a returning agent starts again."""
        super().has_left(name)
        for letter in self.unread_of(name):
            letter.begun = ""

    def has_restarted(self, *, answers_left: bool) -> None:
        """An answer that may not have left comes again; what has left stays where it is."""
        super().has_restarted(answers_left=answers_left)
        if answers_left:
            self.known_to_have_left.update(self.handed_over)
        self.handed_over = {name: held for name, held in self.handed_over.items() if name in self.known_to_have_left}

    def _is_sent(self, answer: dict[str, Any], sender: str, to: Sequence[str], body: str, wakes: bool) -> None:
        newest = max((letter.event_id for letter in self.letters), default=0)
        assert answer["event_id"] > newest
        message_id = answer["message_id"]
        self.letters += [
            Letter(
                row_id=f"{message_id}-{position}" if position else message_id,
                message_id=message_id,
                event_id=answer["event_id"],
                sender=sender,
                to=recipient,
                body=body,
                wakes=wakes and recipient not in (sender, OPERATOR_NAME),
            )
            for position, recipient in enumerate(to)
        ]

    def _is_page(self, answer: dict[str, Any], waiting: Sequence[Letter], limit: int) -> list[tuple[Letter, str]]:
        """Check a page: the first waiting messages, within the requested number and the client's limit."""
        messages = answer["messages"]
        assert len(json.dumps(answer, ensure_ascii=False).encode()) <= PAGE_LIMIT.size_bytes
        assert bool(messages) is bool(waiting) and len(messages) <= limit
        assert [message["id"] for message in messages] == [letter.row_id for letter in waiting[: len(messages)]]
        return [(letter, message["body"]) for letter, message in zip(waiting, messages, strict=False)]

    def _looks_at(self, answer: dict[str, Any], after: Sequence[Letter], limit: int, seen: dict[str, str]) -> None:
        for letter, text in self._is_page(answer, after, limit):
            seen[letter.row_id] += text
