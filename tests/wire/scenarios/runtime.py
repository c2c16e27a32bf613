"""Binding oneself to the pane that one lives in."""

from typing import Any

from tests.wire.coordinator import ended_pid
from tests.wire.processes import outside_tmux
from tests.wire.producers import http_only, shows
from tests.wire.shapes import exactly, is_time
from tests.wire.world import Speaker, World

BOUND_BY_TTY = {"ok", "tmux_pane_id", "verification_mode", "tty"}
BOUND_BY_PID = BOUND_BY_TTY | {"ui_pid"}

ROW = (
    "SELECT tmux_pane_id, runtime_ui_pid, runtime_tty, runtime_verification_mode, runtime_bound_at "
    "FROM agents WHERE agent_id = ?"
)


async def bind(speaker: Speaker, /, **how: Any) -> dict[str, Any]:
    """Call bind_runtime_identity, for Claude Code unless `how` says otherwise, and return the answer."""
    return await speaker.call("bind_runtime_identity", **{"agent": "claude-code", **how})


# bind_runtime_identity


@shows("bind_runtime_identity", "ok: by pid")
async def a_binding_by_pid(world: World) -> None:
    alice, pane = await world.agent("alice"), await world.stand_in("ui", "claude")
    answer = await bind(alice, ui_pid=pane.pid, ui_tty="pts/99999", tmux_pane_id=pane.pane_id)
    tty = world.tmux.tty(pane.pane_id)

    exactly(answer, BOUND_BY_PID)
    assert answer == {
        "ok": True,
        "tmux_pane_id": pane.pane_id,
        "verification_mode": "verified_pid_tty_pane",
        "tty": tty,
        "ui_pid": pane.pid,
    }
    (row,) = world.sql(ROW, alice.agent_id)
    assert row[:4] == (pane.pane_id, pane.pid, tty, "verified_pid_tty_pane")
    assert is_time(row[4])
    (agent,) = (await alice.call("list_agents"))["agents"]
    assert (agent["client"], agent["tmux_pane_id"]) == ("claude-code", pane.pane_id)


@shows("bind_runtime_identity", "ok: by tty and pane")
async def a_binding_by_tty_and_pane(world: World) -> None:
    alice, pane = await world.agent("alice"), await world.stand_in("ui", "claude")
    tty = world.tmux.tty(pane.pane_id)
    answer = await bind(alice, ui_tty=f" /dev/{tty} ", tmux_pane_id=pane.pane_id)

    exactly(answer, BOUND_BY_TTY)
    assert (answer["verification_mode"], answer["tty"]) == ("verified_tty_pane", tty)
    (row,) = world.sql(ROW, alice.agent_id)
    assert row[:4] == (pane.pane_id, pane.pid, tty, "verified_tty_pane")


@shows("bind_runtime_identity", "ok: a window in two sessions is one pane")
async def a_binding_in_a_linked_window(world: World) -> None:
    alice, pane = await world.agent("alice"), await world.stand_in("ui", "claude")
    session = world.team.replace("team", "linked")
    world.tmux.run("new-session", "-d", "-s", session, "cat")
    world.tmux.run("link-window", "-s", pane.pane_id, "-t", f"{session}:9")
    try:
        assert (await bind(alice, ui_pid=pane.pid))["tmux_pane_id"] == pane.pane_id
        tty = world.tmux.tty(pane.pane_id)
        found = await alice.call("detect_tmux_pane", agent="claude-code", tty=tty)
        assert found["pane"]["pane_id"] == pane.pane_id
    finally:
        world.tmux.run("kill-session", "-t", session)


@shows("bind_runtime_identity", "invalid_arguments: nothing to go by")
async def a_binding_to_nothing(world: World) -> None:
    alice = await world.agent("alice")
    for how in ({}, {"ui_tty": "pts/1"}, {"tmux_pane_id": "%1"}, {"ui_tty": "  ", "tmux_pane_id": "%1"}):
        answer = await bind(alice, **how)
        exactly(answer, {"error", "detail"})
        assert answer["error"] == "invalid_arguments"


@shows("bind_runtime_identity", "invalid_arguments: no pattern")
async def a_custom_binding_without_a_pattern(world: World) -> None:
    alice = await world.agent("alice")
    both = await bind(alice, agent="custom", process_pattern=" ")
    one = await bind(alice, agent="custom", ui_pid=1)
    assert both["error"] == one["error"] == "invalid_arguments"
    assert "; " in both["detail"]


@shows("bind_runtime_identity", "invalid_arguments: before registration")
async def a_senseless_binding_of_nobody(world: World) -> None:
    nobody = await world.nobody()
    assert (await bind(nobody))["error"] == "invalid_arguments"


@shows("bind_runtime_identity", "invalid_process_pattern")
async def a_binding_with_a_bad_pattern(world: World) -> None:
    alice, pane = await world.agent("alice"), await world.stand_in("ui")
    answer = await bind(alice, agent="custom", ui_pid=pane.pid, process_pattern="(")
    exactly(answer, {"error", "detail"})
    assert answer["error"] == "invalid_process_pattern"


@shows("bind_runtime_identity", "invalid_runtime_identity")
async def a_binding_to_an_unknown_tty(world: World) -> None:
    alice, pane = await world.agent("alice"), await world.stand_in("ui", "claude")
    assert await bind(alice, ui_tty="?", tmux_pane_id=pane.pane_id) == {"error": "invalid_runtime_identity"}


@shows("bind_runtime_identity", "pid_not_found")
async def a_binding_to_a_process_that_was(world: World) -> None:
    alice = await world.agent("alice")
    answer = await bind(alice, ui_pid=ended_pid())
    exactly(answer, {"error", "detail"})
    assert answer["error"] == "pid_not_found"


@shows("bind_runtime_identity", "agent_process_mismatch")
async def a_binding_to_another_program(world: World) -> None:
    alice, pane = await world.agent("alice"), await world.stand_in("ui", "opencode")
    for other in ({}, {"agent": "custom", "process_pattern": "something else"}):
        answer = await bind(alice, ui_pid=pane.pid, **other)
        exactly(answer, {"error", "detail"})
        assert answer["error"] == "agent_process_mismatch"


@shows("bind_runtime_identity", "pid_has_no_tty")
async def a_binding_to_a_process_without_a_terminal(world: World) -> None:
    alice = await world.agent("alice")
    async with outside_tmux(world.tmux, "claude", terminal=False) as pid:
        assert await bind(alice, ui_pid=pid) == {"error": "pid_has_no_tty"}


@shows("bind_runtime_identity", "tmux_pane_not_found: of a pid")
async def a_binding_to_a_terminal_outside_tmux(world: World) -> None:
    alice = await world.agent("alice")
    async with outside_tmux(world.tmux, "claude", terminal=True) as pid:
        assert await bind(alice, ui_pid=pid) == {"error": "tmux_pane_not_found"}


@shows("bind_runtime_identity", "tmux_pane_not_found: of that id")
async def a_binding_to_a_pane_that_is_not_there(world: World) -> None:
    alice = await world.agent("alice")
    assert await bind(alice, ui_tty="pts/1", tmux_pane_id="%99999") == {"error": "tmux_pane_not_found"}


@shows("bind_runtime_identity", "pane_in_use")
async def a_binding_to_a_process_that_another_agent_has_shown(world: World) -> None:
    alice, eve, pane = await world.agent("alice"), await world.agent("eve"), await world.stand_in("ui", "claude")
    await bind(alice, ui_pid=pane.pid)
    world.sql("UPDATE agents SET runtime_proved = 1 WHERE agent_id = ?", alice.agent_id)
    answer = await bind(eve, ui_pid=pane.pid)
    exactly(answer, {"error", "detail"})
    assert answer["error"] == "pane_in_use"


@shows("bind_runtime_identity", "pid_pane_tty_mismatch: of a pid")
async def a_binding_to_another_pane_than_the_pids(world: World) -> None:
    alice, pane, other = await world.agent("alice"), await world.stand_in("ui", "claude"), world.pane("cat")
    answer = await bind(alice, ui_pid=pane.pid, tmux_pane_id=other.pane_id)
    ttys = {"pid_tty": world.tmux.tty(pane.pane_id), "pane_tty": world.tmux.tty(other.pane_id)}
    assert answer == {"error": "pid_pane_tty_mismatch", "detail": ttys}


@shows("bind_runtime_identity", "pid_pane_tty_mismatch: of a tty")
async def a_binding_to_another_pane_than_the_ttys(world: World) -> None:
    alice, pane = await world.agent("alice"), await world.stand_in("ui", "claude")
    answer = await bind(alice, ui_tty="/dev/pts/99999", tmux_pane_id=pane.pane_id)
    ttys = {"pid_tty": "pts/99999", "pane_tty": world.tmux.tty(pane.pane_id)}
    assert answer == {"error": "pid_pane_tty_mismatch", "detail": ttys}


@shows("bind_runtime_identity", "tty_maps_to_no_agent_process")
async def a_binding_to_a_tty_without_an_agent(world: World) -> None:
    alice, pane = await world.agent("alice"), world.pane("cat")
    answer = await bind(alice, ui_tty=world.tmux.tty(pane.pane_id), tmux_pane_id=pane.pane_id)
    assert answer == {"error": "tty_maps_to_no_agent_process"}


@shows("bind_runtime_identity", "tmux_unavailable")
@http_only
async def a_binding_where_there_is_no_tmux(world: World) -> None:
    async with world.elsewhere() as other:
        alice = await other.agent("alice")
        for how in ({"ui_pid": ended_pid()}, {"ui_tty": "pts/1", "tmux_pane_id": "%1"}):
            answer = await bind(alice, **how)
            exactly(answer, {"error", "detail"})
            assert answer["error"] == "tmux_unavailable"


@shows("bind_runtime_identity", "tool error: a pid that is none")
async def a_binding_to_a_bad_pid(world: World) -> None:
    alice = await world.agent("alice")
    for pid in (0, -1, 1.5, "0", "pid 1", True):
        await alice.tool_error("bind_runtime_identity", {"agent": "codex", "ui_pid": pid}, "ui_pid")
