"""Pane of an agent: announced by a launcher, or detected."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.wire.producers import http_only, shows
from tests.wire.shapes import CANDIDATE, exactly, is_time
from tests.wire.world import World

BASE = 13
"""Score of one process that matches (10) in a pane that is active in its window (3)."""


# pre_register_codex_pane


def expires_in(answer: dict[str, Any]) -> timedelta:
    """Return the remaining time of an announced pane."""
    exactly(answer, {"ok", "expires_at"})
    assert answer["ok"] is True
    assert is_time(answer["expires_at"])
    return datetime.fromisoformat(answer["expires_at"]) - datetime.now(UTC)


@shows("pre_register_codex_pane", "ok")
async def a_pre_registration(world: World) -> None:
    nobody = await world.nobody()
    answer = await nobody.call("pre_register_codex_pane", pane_id="%9001", xats_agent_id="a")
    assert timedelta(seconds=100) < expires_in(answer) <= timedelta(seconds=120)
    assert world.sql("SELECT xats_agent_id FROM codex_pane_pre_registrations WHERE pane_id = '%9001'") == [("a",)]


@shows("pre_register_codex_pane", "ok: the time to live is capped")
async def a_long_pre_registration(world: World) -> None:
    nobody = await world.nobody()
    answer = await nobody.call("pre_register_codex_pane", pane_id="%9002", xats_agent_id="a", ttl_seconds=86_400)
    assert timedelta(seconds=580) < expires_in(answer) <= timedelta(seconds=600)


@shows("pre_register_codex_pane", "ok: again for the same pane")
async def a_second_pre_registration(world: World) -> None:
    nobody = await world.nobody()
    world.sql(
        "INSERT INTO codex_pane_pre_registrations (pane_id, xats_agent_id, expires_at) "
        "VALUES ('%9004', 'old', '2020-01-01T00:00:00.000Z')"
    )
    for agent_id in ("a", "b"):
        await nobody.call("pre_register_codex_pane", pane_id="%9003", xats_agent_id=agent_id, ttl_seconds=60)
    rows = world.sql(
        "SELECT pane_id, xats_agent_id FROM codex_pane_pre_registrations WHERE pane_id IN ('%9003', '%9004')"
    )
    assert rows == [("%9003", "b")]


@shows("pre_register_codex_pane", "tool error: no pane id")
async def a_pre_registration_of_no_pane(world: World) -> None:
    await (await world.nobody()).tool_error("pre_register_codex_pane", {"xats_agent_id": "a"}, "pane_id")


@shows("pre_register_codex_pane", "tool error: a pane id of another form")
async def a_pre_registration_of_what_is_no_pane(world: World) -> None:
    nobody = await world.nobody()
    for pane_id in ("3", "", "pane", 3):
        await nobody.tool_error("pre_register_codex_pane", {"pane_id": pane_id, "xats_agent_id": "a"}, "pane_id")


@shows("pre_register_codex_pane", "tool error: an empty agent id")
async def a_pre_registration_for_nobody(world: World) -> None:
    nobody = await world.nobody()
    await nobody.tool_error("pre_register_codex_pane", {"pane_id": "%1", "xats_agent_id": ""}, "xats_agent_id")


@shows("pre_register_codex_pane", "tool error: a time to live that is none")
async def a_pre_registration_that_is_over(world: World) -> None:
    nobody = await world.nobody()
    for seconds in (0, -1, 1.5, "-60"):
        arguments = {"pane_id": "%1", "xats_agent_id": "a", "ttl_seconds": seconds}
        await nobody.tool_error("pre_register_codex_pane", arguments, "ttl_seconds")


# detect_tmux_pane


@shows("detect_tmux_pane", "ok")
async def a_pane_that_is_found(world: World) -> None:
    alice, pane = await world.agent("alice"), await world.stand_in("ui", "opencode")
    answer = await alice.call("detect_tmux_pane", agent="opencode", tty="/dev/" + world.tmux.tty(pane.pane_id))

    exactly(answer, {"ok", "pane", "candidates"})
    exactly(answer["pane"], CANDIDATE)
    assert (answer["ok"], answer["candidates"]) == (True, [answer["pane"]])
    assert (answer["pane"]["pane_id"], answer["pane"]["score"]) == (pane.pane_id, BASE + 6 + 100)
    assert (answer["pane"]["tty"], answer["pane"]["active"]) == (world.tmux.tty(pane.pane_id), True)


@shows("detect_tmux_pane", "ok: without registration")
async def a_custom_pane_that_anybody_finds(world: World) -> None:
    nobody, pane = await world.nobody(), await world.stand_in(world.team)
    answer = await nobody.call("detect_tmux_pane", agent="custom", process_pattern=f"STAND_IN.*{world.team}$")
    assert (answer["pane"]["pane_id"], answer["pane"]["score"]) == (pane.pane_id, BASE)


@shows("detect_tmux_pane", "not_found")
async def a_pane_that_is_not_found(world: World) -> None:
    nobody = await world.nobody()
    for wanted in (
        {"agent": "codex", "tty": "pts/99999"},
        {"agent": "codex", "cwd": "/nowhere/at/all"},
        {"agent": "custom", "process_pattern": "("},
        {"agent": "custom", "process_pattern": "no such process anywhere"},
    ):
        assert await nobody.call("detect_tmux_pane", **wanted) == {"error": "not_found", "candidates": []}


@shows("detect_tmux_pane", "ambiguous_match")
async def two_panes_alike(world: World) -> None:
    nobody = await world.nobody()
    panes = [await world.stand_in(world.team) for _ in range(2)]
    answer = await nobody.call("detect_tmux_pane", agent="custom", process_pattern=world.team)

    exactly(answer, {"error", "candidates"})
    assert answer["error"] == "ambiguous_match"
    for candidate in answer["candidates"]:
        exactly(candidate, CANDIDATE)
    assert [one["pane_id"] for one in answer["candidates"]] == sorted(pane.pane_id for pane in panes)


@shows("detect_tmux_pane", "tmux_unavailable")
@http_only
async def a_pane_where_there_is_no_tmux(world: World) -> None:
    async with world.elsewhere() as other:
        nobody = await other.nobody()
        for wanted in ({"agent": "codex"}, {"agent": "custom", "process_pattern": "("}):
            answer = await nobody.call("detect_tmux_pane", **wanted)
            exactly(answer, {"error", "detail"})
            assert (answer["error"], isinstance(answer["detail"], str)) == ("tmux_unavailable", True)


@shows("detect_tmux_pane", "invalid_arguments")
async def a_custom_pane_without_a_pattern(world: World) -> None:
    nobody = await world.nobody()
    for pattern in ({}, {"process_pattern": ""}, {"process_pattern": "  "}):
        answer = await nobody.call("detect_tmux_pane", agent="custom", **pattern)
        exactly(answer, {"error", "detail"})
        assert answer["error"] == "invalid_arguments"


@shows("detect_tmux_pane", "tool error: an agent that is none")
async def a_pane_of_no_agent(world: World) -> None:
    nobody = await world.nobody()
    for arguments in ({}, {"agent": "vim"}, {"agent": None}):
        await nobody.tool_error("detect_tmux_pane", arguments, "agent")
