"""Registrations that are refused for what they say."""

import json
from typing import Any

from tests.wire.codex_server import THREAD
from tests.wire.producers import shows
from tests.wire.scenarios.registration import CODEX, rows
from tests.wire.shapes import exactly
from tests.wire.world import World


def a_bad_delivery(reason: str, *deliveries: dict[str, Any]) -> Any:
    async def scenario(world: World) -> None:
        nobody = await world.nobody()
        for delivery in deliveries:
            answer = await nobody.call("register_agent", **world.registration("bob", delivery=delivery))
            assert answer == {"error": "invalid_delivery", "reason": reason}, delivery
        assert rows(world) == 0

    return scenario


CHANNEL = {"kind": "claude-channel"}

BAD_DELIVERIES: dict[str, Any] = {
    "a kind that is none": a_bad_delivery("unknown_kind", {"kind": "pigeon"}, {"kind": ""}),
    "no channel": a_bad_delivery(
        "missing_channel_session_id",
        CHANNEL,
        {**CHANNEL, "channel_session_id": " "},
        {**CHANNEL, "channel_session_id": 1},
    ),
    "no thread": a_bad_delivery(
        "invalid_thread_id",
        {"kind": "codex-appserver", "ws_url": "ws://127.0.0.1:1"},
        {**CODEX, "thread_id": "x"},
        {**CODEX, "thread_id": THREAD.replace("78d0", "98d0")},
    ),
    "no URL": a_bad_delivery(
        "invalid_ws_url",
        {"kind": "codex-appserver", "thread_id": THREAD},
        {**CODEX, "ws_url": " "},
        {**CODEX, "ws_url": "http://127.0.0.1:1"},
        {**CODEX, "ws_url": "ws://example.com"},
    ),
    "a blank token reference": a_bad_delivery("invalid_auth_token_ref", {**CODEX, "auth_token_ref": "  "}),
}
for _outcome, _scenario in BAD_DELIVERIES.items():
    shows("register_agent", f"invalid_delivery: {_outcome}")(_scenario)


@shows("register_agent", "name_in_use")
async def a_name_that_nobody_called_for(world: World) -> None:
    await world.agent("bob")
    nobody = await world.nobody()
    _, text = await nobody.ask("register_agent", world.registration("bob"), {"xats/unasked": "waiting"})
    answer = json.loads(text)
    exactly(answer, {"error", "detail"})
    world.seen.add(("register_agent", answer["error"]))
    assert await nobody.call("list_agents") == {"error": "unknown_agent", "detail": answer["detail"]}


@shows("register_agent", "storage_unavailable")
async def an_agent_that_cannot_be_stored(world: World) -> None:
    nobody = await world.nobody()
    world.sql(
        "CREATE TRIGGER IF NOT EXISTS no_agent BEFORE INSERT ON agents WHEN NEW.model = 'unstorable' "
        "BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    answer = await nobody.call("register_agent", **world.registration("bob", model="unstorable"))
    assert answer == {"error": "storage_unavailable"}
    assert await nobody.call("list_agents") == {"error": "unknown_agent"}


@shows("register_agent", "tool error: a required field is missing")
async def a_registration_without(world: World) -> None:
    nobody = await world.nobody()
    for field in ("client", "name"):
        arguments = world.registration("bob")
        del arguments[field]
        await nobody.tool_error("register_agent", arguments, field)
    is_error, text = await nobody.ask("register_agent", {"client": "custom", "name": "bob"})
    assert (is_error, "model" in text) == (True, True)


@shows("register_agent", "tool error: a client that is none")
async def a_registration_of_no_client(world: World) -> None:
    nobody = await world.nobody()
    await nobody.tool_error("register_agent", world.registration("bob", client="vim"), "client")


@shows("register_agent", "tool error: an empty name")
async def a_registration_of_nobody(world: World) -> None:
    nobody = await world.nobody()
    await nobody.tool_error("register_agent", world.registration(""), "name")


@shows("register_agent", "tool error: a pid that is none")
async def a_registration_with_a_bad_pid(world: World) -> None:
    nobody = await world.nobody()
    for pid in (0, -1, 1.5, "0", "x", True):
        await nobody.tool_error("register_agent", world.registration("bob", ui_pid=pid), "ui_pid")


@shows("register_agent", "ok: null and empty text for what may be left out")
async def a_registration_that_leaves_out_in_other_words(world: World) -> None:
    nobody = await world.nobody()
    optional = ("role", "project_dir", "client_name", "ui_pid", "channel_session_id", "thread_id", "ws_url")
    plain = await nobody.call("register_agent", **world.registration("bob"))
    for nothing in (None, ""):
        left_out = dict.fromkeys((*optional, "auth_token_ref", "claude_ui_pid", "delivery"), nothing)
        answer = await nobody.call("register_agent", **world.registration("bob", **left_out))
        assert answer["agent_id"] == plain["agent_id"]


@shows("register_agent", "tool error: a delivery of no kind")
async def a_registration_with_a_delivery_of_no_kind(world: World) -> None:
    nobody = await world.nobody()
    await nobody.tool_error("register_agent", world.registration("bob", delivery={"channel_session_id": "x"}))


@shows("register_agent", "tool error: a pane is not for the caller to name")
async def a_registration_with_a_pane(world: World) -> None:
    nobody = await world.nobody()
    await nobody.tool_error("register_agent", world.registration("bob", tmux_pane_id="%1"), "tmux_pane_id")


@shows("register_agent", "tool error: fields that do not go together")
async def fields_of_other_clients(world: World) -> None:
    nobody = await world.nobody()
    of_others = {
        "channel_session_id": "x",
        "thread_id": "x",
        "ws_url": "x",
        "auth_token_ref": "x",
        "claude_ui_pid": 1,
    }
    for client, fields in (("custom", of_others), ("codex", {"client_name": "x"}), ("opencode", {"ws_url": "x"})):
        is_error, text = await nobody.ask("register_agent", world.registration("bob", client=client, **fields))
        assert is_error
        issues = json.loads(text)
        assert {issue["path"][0] for issue in issues} == fields.keys()
        for issue in issues:
            exactly(issue, {"code", "path", "message"})
            assert (issue["code"], len(issue["path"])) == ("custom", 1)
    world.seen.add(("register_agent", "tool error"))
    assert rows(world) == 0


@shows("register_claude_self", "tool error: no name")
async def a_claude_without_a_name(world: World) -> None:
    nobody = await world.nobody()
    for arguments in ({}, {"name": ""}, {"name": None}):
        await nobody.tool_error("register_claude_self", arguments, "name")
    for extra in ({"client": "claude-code"}, {"thread_id": "x"}, {"delivery": {"kind": "none"}}):
        await nobody.tool_error("register_claude_self", {"name": "bob", **extra}, *extra)


@shows("register_codex_self", "tool error: no name")
async def a_codex_without_a_name(world: World) -> None:
    nobody = await world.nobody()
    for arguments in ({}, {"name": ""}):
        await nobody.tool_error("register_codex_self", arguments, "name")
    await nobody.tool_error("register_codex_self", {"name": "bob", "thread_id": " "}, "thread_id")


@shows("register_codex_self", "tool error: a pid")
async def a_codex_with_a_pid(world: World) -> None:
    await (await world.nobody()).tool_error("register_codex_self", {"name": "bob", "ui_pid": 1}, "ui_pid")
