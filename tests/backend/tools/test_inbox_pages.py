"""Pages of mail that hosts hand on whole: bounded, in parts where one message is longer, and read part by part."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.backend.tools.letters import send
from tests.conftest import Connect, Sql
from tests.mcp_caller import Caller, ToolError

TEXTS = {
    "prose": "lorem ipsum dolor sit amet ",
    "quotes": '"\\',
    "lines": "a line\nof\tcode\n",
    "control characters": "\x01\x02",
    "Chinese": "漢字仮名交じり文",
    "emoji": "👩‍👩‍👧 👍🏽 ",
}

HANDED_ON = {"codex": 12_000, "claude-code": 50_000, "opencode": 51_200, "custom": 25_000}
"""Largest answers in bytes that each client was seen to pass on (Claude Code counts UTF-16 units, never more)."""


def text_of(kind: str, length: int) -> str:
    unit = TEXTS[kind]
    return (unit * (length // len(unit) + 1))[:length]


async def page_of(reader: Caller, **fields: Any) -> tuple[str, dict[str, Any]]:
    """An inbox answer as it is on the wire, and what it says."""
    result = await reader.client.call_tool("get_inbox", fields)
    text: str = result.content[0].text  # type: ignore[union-attr]
    return text, json.loads(text)


async def pages_of(reader: Caller, **fields: Any) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """All pages of new mail."""
    has_more = True
    while has_more:
        text, page = await page_of(reader, **fields)
        yield text, page
        has_more = page["has_more"]


@pytest.mark.parametrize(
    ("client", "kind"),
    [
        pytest.param(client, kind, marks=[] if client == "codex" or kind == "prose" else pytest.mark.slow)
        for client in HANDED_ON
        for kind in TEXTS
    ],
)
async def test_every_page_is_handed_on_whole_and_no_message_is_lost(register: Connect, client: str, kind: str) -> None:
    alice, bob = await register("alice"), await register("bob", client=client)
    sent = [await send(alice, "bob", f"{number} {text_of(kind, 2_500)}") for number in range(25)]

    got, left = [], []
    async for text, page in pages_of(bob):
        assert len(text.encode()) < HANDED_ON[client]
        got += [message["id"] for message in page["messages"]]
        left.append(page.get("waiting", 0))
        assert page["has_more"] is (left[-1] > 0)

    assert list(dict.fromkeys(got)) == sent
    assert left == sorted(left, reverse=True)


@pytest.mark.slow
async def test_many_tiny_messages_come_once_each(register: Connect, sql: Sql) -> None:
    alice, bob = await register("alice"), await register("bob", client="codex")
    for number in range(150):
        await send(alice, "bob", str(number))

    got = [message["body"] async for _, page in pages_of(bob, limit=200) for message in page["messages"]]

    assert got == [str(number) for number in range(150)]
    await bob.call("whoami")
    assert sql("SELECT count(*) FROM messages WHERE read_at IS NULL") == [(0,)]


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("kind", TEXTS)
async def test_a_message_longer_than_a_page_comes_in_parts_that_make_it_up(
    register: Connect, sql: Sql, kind: str
) -> None:
    alice, bob = await register("alice"), await register("bob", client="codex")
    body = text_of(kind, 60_000)
    await send(alice, "bob", "before")
    await send(alice, "bob", body, subject="long")
    await send(alice, "bob", "after")

    messages = []
    async for text, page in pages_of(bob):
        assert len(text.encode()) < HANDED_ON["codex"]
        messages += page["messages"]
        unread = sql("SELECT body FROM messages WHERE read_at IS NULL AND length(body) > 10")
        assert unread == ([] if messages[-1]["body"] == "after" and len(page["messages"]) == 1 else [(body,)])

    parts = [message for message in messages if "part" in message]
    assert [part["part"] for part in parts] == [f"{number} of {len(parts)}" for number in range(1, len(parts) + 1)]
    assert "".join(part["body"] for part in parts) == body
    assert [part["subject"] for part in parts] == ["long"] + [None] * (len(parts) - 1)
    assert len({part["id"] for part in parts}) == 1
    assert (messages[0]["body"], messages[-1]["body"]) == ("before", "after")


async def test_a_long_subject_comes_in_parts_too(register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob")
    subject = text_of("prose", 100_000)
    await send(alice, "bob", "the body", subject=subject)

    messages = [message async for _, page in pages_of(bob) for message in page["messages"]]

    assert "".join(message["subject"] or "" for message in messages) == subject
    assert "".join(message["body"] for message in messages) == "the body"


async def test_a_message_in_parts_is_read_when_its_last_part_was_confirmed(register: Connect, sql: Sql) -> None:
    alice, bob = await register("alice"), await register("bob")
    await send(alice, "bob", text_of("prose", 50_000))
    labels = []
    async for _, page in pages_of(bob):
        labels.append(page["messages"][0]["part"])
        await bob.call("task_list")
        assert sql("SELECT read_at IS NOT NULL FROM messages") == [(not page["has_more"],)]

    assert labels == ["1 of 3", "2 of 3", "3 of 3"]


async def test_another_session_of_the_agent_gets_a_message_in_parts_from_the_start(register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob")
    await send(alice, "bob", text_of("prose", 50_000))
    for label in ("1 of 3", "2 of 3"):
        assert (await bob.call("get_inbox"))["messages"][0]["part"] == label

    again = await register("bob")

    assert (await again.call("get_inbox"))["messages"][0]["part"] == "1 of 3"


async def test_history_is_bounded_too_and_names_the_next_part(register: Connect, sql: Sql) -> None:
    alice, bob = await register("alice"), await register("bob", client="codex")
    body = text_of("prose", 20_000)
    await send(alice, "bob", "before")
    await send(alice, "bob", body)
    await send(alice, "bob", "after")

    found, look = "", {"since_event_id": 1}
    while True:
        text, page = await page_of(bob, **look)
        assert len(text.encode()) < HANDED_ON["codex"]
        found += page["messages"][0]["body"]
        assert page["has_more"] is True
        assert page["last_event_id"] == 2
        if "next_part" not in page:
            break
        look = page["next_part"]

    assert found == body
    assert [one["body"] for one in (await bob.call("get_inbox", since_event_id=2))["messages"]] == ["after"]
    assert (await bob.call("get_inbox", since_event_id=1, part=9))["error"] == "unknown_part"
    assert sql("SELECT count(*) FROM messages WHERE read_at IS NULL") == [(3,)]


async def test_a_part_of_new_mail_cannot_be_asked_for(register: Connect) -> None:
    bob = await register("bob")

    with pytest.raises(ToolError, match="part goes with since_event_id only"):
        await bob.call("get_inbox", part=2)


async def test_a_part_ends_after_a_word_and_never_inside_a_character(register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob", client="codex")
    await send(alice, "bob", "word " * 5_000)
    await send(alice, "bob", "e\u0301" * 9_000)

    messages = [message async for _, page in pages_of(bob) for message in page["messages"]]

    assert {message["body"][-1] for message in messages[:2]} == {" "}
    assert not any(message["body"].startswith("\u0301") for message in messages)
