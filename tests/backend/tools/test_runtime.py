"""Announcing the pane of a Codex before it runs, and finding it there when it registers."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from tests.conftest import Connect, Sql
from tests.mcp_caller import Caller, ToolError
from tests.tmux_server import Pane, TmuxServer, short_folder, tmux_server
from xats_tui.core.clock import SystemClock, from_wire, to_wire

SCRIPT = "import sys, time; print('up', flush=True); time.sleep(60)"


async def codex_in(tmux: TmuxServer, *arguments: str, program: str = "codex") -> Pane:
    """A pane in which a Codex runs with these arguments."""
    script = tmux.folder / "script"
    script.write_text(SCRIPT)
    pane = tmux.new_pane([tmux.called(program), str(script), *arguments])
    await tmux.wait_for(pane.pane_id, "up")
    return pane


def marked(mark: str) -> Sequence[str]:
    """Return the arguments with which a launcher starts Codex."""
    return ["--remote", "ws://127.0.0.1:8799", "-c", f'mcp_servers.xats.xats.agent_id="{mark}"']


async def announced(caller: Caller, pane: Pane, mark: str, **fields: object) -> None:
    answer = await caller.call("pre_register_codex_pane", pane_id=pane.pane_id, xats_agent_id=mark, **fields)
    assert answer["ok"] is True


def bound(sql: Sql) -> str | None:
    """The pane of the only agent."""
    (row,) = sql("SELECT tmux_pane_id FROM agents")
    pane_id: str | None = row[0]
    return pane_id


@pytest.mark.parametrize(("ttl", "seconds"), [({}, 120), ({"ttl_seconds": 30}, 30), ({"ttl_seconds": 9999}, 600)])
async def test_an_announcement_says_until_when_it_counts(caller: Caller, ttl: dict[str, int], seconds: int) -> None:
    before = SystemClock().now()
    answer = await caller.call("pre_register_codex_pane", pane_id="%7", xats_agent_id="a", **ttl)
    after = SystemClock().now()

    assert answer.keys() == {"ok", "expires_at"}
    lifetime = timedelta(seconds=seconds)
    assert before + lifetime <= from_wire(answer["expires_at"]) <= after + lifetime


async def test_an_announcement_replaces_that_of_the_same_pane_and_removes_those_that_expired(
    caller: Caller, sql: Sql
) -> None:
    for mark in ("first", "second"):
        await caller.call("pre_register_codex_pane", pane_id="%7", xats_agent_id=mark)
    assert sql("SELECT pane_id, xats_agent_id FROM codex_pane_pre_registrations") == [("%7", "second")]

    sql("UPDATE codex_pane_pre_registrations SET expires_at = ?", to_wire(SystemClock().now()))
    await caller.call("pre_register_codex_pane", pane_id="%8", xats_agent_id="third")
    assert sql("SELECT pane_id FROM codex_pane_pre_registrations") == [("%8",)]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"xats_agent_id": "a"}, "pane_id"),
        ({"pane_id": "7", "xats_agent_id": "a"}, "pane_id"),
        ({"pane_id": "%7", "xats_agent_id": ""}, "xats_agent_id"),
        ({"pane_id": "%7", "xats_agent_id": "a", "ttl_seconds": 0}, "ttl_seconds"),
        ({"pane_id": "%7", "xats_agent_id": "a", "surprise": 1}, "surprise"),
    ],
)
async def test_a_bad_announcement_is_a_tool_error(caller: Caller, arguments: dict[str, object], field: str) -> None:
    with pytest.raises(ToolError, match=field):
        await caller.call("pre_register_codex_pane", **arguments)


async def test_a_codex_is_bound_to_the_pane_that_its_launcher_announced(
    connect: Connect, tmux: TmuxServer, sql: Sql
) -> None:
    mark = str(uuid4())
    pane = await codex_in(tmux, *marked(mark))
    await codex_in(tmux)
    await announced(await connect(), pane, mark)
    answer = await (await connect()).register("bob", client="codex")

    assert answer.keys() == {"agent_id", "team", "bound"}
    assert answer["bound"] == {"tmux_pane_id": pane.pane_id, "evidence": "pre_registration"}
    assert sql("SELECT tmux_pane_id, runtime_ui_pid, runtime_verification_mode FROM agents") == [
        (pane.pane_id, pane.pid, "verified_pid_tty_pane")
    ]
    assert sql("SELECT count(*) FROM codex_pane_pre_registrations") == [(0,)], "it is used up"


async def test_an_announcement_on_another_tmux_server_is_found_there(
    connect: Connect, tmux: TmuxServer, sql: Sql
) -> None:
    with short_folder() as folder, tmux_server(folder) as elsewhere:
        mark = str(uuid4())
        pane = await codex_in(elsewhere, *marked(mark))
        await announced(await connect(), pane, mark, tmux_socket=elsewhere.socket)
        await (await connect()).register("bob", client="codex")

        assert sql("SELECT tmux_pane_id, tmux_socket FROM agents") == [(pane.pane_id, elsewhere.socket)]


async def test_w42_an_announcement_binds_nothing_unless_exactly_one_codex_bears_its_mark(
    connect: Connect, tmux: TmuxServer, sql: Sql
) -> None:
    launcher, bob = await connect(), await connect()
    marks = [str(uuid4()) for _ in range(5)]
    panes = [
        await codex_in(tmux, *marked(str(uuid4()))),
        await codex_in(tmux, "-c", f'xats.agent_id="{marks[1]}"'),
        await codex_in(tmux, *marked(marks[2]), program="vim"),
    ]
    for pane, mark in zip(panes, marks, strict=False):
        await announced(launcher, pane, mark)
    await launcher.call("pre_register_codex_pane", pane_id="%999", xats_agent_id="a")
    assert "hint" in await bob.register("bob", client="codex")

    for mark in marks[3:]:
        await announced(launcher, await codex_in(tmux, *marked(mark)), mark)
    assert "hint" in await bob.register("bob", client="codex"), "two would do"
    assert bound(sql) is None
    assert sql("SELECT count(*) FROM codex_pane_pre_registrations") == [(6,)], "none is used up"


async def test_an_announcement_that_has_expired_binds_nothing(connect: Connect, tmux: TmuxServer, sql: Sql) -> None:
    mark = str(uuid4())
    await announced(await connect(), await codex_in(tmux, *marked(mark)), mark)
    sql("UPDATE codex_pane_pre_registrations SET expires_at = ?", to_wire(SystemClock().now()))
    await (await connect()).register("bob", client="codex")

    assert bound(sql) is None
    assert sql("SELECT count(*) FROM codex_pane_pre_registrations") == [(0,)]


async def test_a_pid_switches_announcements_off(connect: Connect, tmux: TmuxServer, sql: Sql) -> None:
    mark = str(uuid4())
    await announced(await connect(), await codex_in(tmux, *marked(mark)), mark)
    other = await tmux.stand_in("other", "codex")
    await (await connect()).register("bob", client="codex", ui_pid=other.pid)

    assert bound(sql) == other.pane_id
    assert sql("SELECT count(*) FROM codex_pane_pre_registrations") == [(1,)]


async def test_a_tool_looks_at_the_tmux_server_that_it_is_told(connect: Connect, tmux: TmuxServer) -> None:
    bob = await connect()
    await bob.register("bob")
    with short_folder() as folder, tmux_server(folder) as elsewhere:
        pane = await elsewhere.stand_in("bob", "codex")
        socket = elsewhere.socket

        assert (await bob.call("detect_tmux_pane", agent="codex"))["error"] == "not_found"
        found = await bob.call("detect_tmux_pane", agent="codex", tmux_socket=socket)
        assert found["pane"]["pane_id"] == pane.pane_id
        answer = await bob.call("bind_runtime_identity", agent="codex", ui_pid=pane.pid)
        assert answer == {"error": "tmux_pane_not_found"}
        assert (await bob.call("bind_runtime_identity", agent="codex", ui_pid=pane.pid, tmux_socket=socket))["ok"]


async def test_w32_tmux_is_looked_for_again_after_it_was_not_there(own_tmux_folder: Path, register: Connect) -> None:
    bob = await register("bob")
    assert (await bob.call("detect_tmux_pane", agent="codex"))["error"] == "tmux_unavailable"
    with tmux_server(own_tmux_folder) as tmux:
        await tmux.stand_in("bob", "codex")
        assert (await bob.call("detect_tmux_pane", agent="codex"))["ok"] is True


async def test_a_binding_that_names_nothing_does_not_count_as_a_sign_of_life(register: Connect, sql: Sql) -> None:
    bob = await register("bob")
    sql("UPDATE agents SET last_seen_at = '2020-01-01T00:00:00.000Z'")
    assert (await bob.call("bind_runtime_identity", agent="codex"))["error"] == "invalid_arguments"
    assert sql("SELECT last_seen_at FROM agents") == [("2020-01-01T00:00:00.000Z",)]

    await bob.call("bind_runtime_identity", agent="codex", ui_pid=4_000_000)
    assert sql("SELECT last_seen_at FROM agents") != [("2020-01-01T00:00:00.000Z",)]
