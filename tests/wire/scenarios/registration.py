"""Registering: who one is, where one is found, what is kept."""

import asyncio
import json
from typing import Any

from tests.wire.coordinator import ended_pid
from tests.wire.producers import http_only, shows
from tests.wire.scenarios.agents import THREAD, listed
from tests.wire.shapes import REGISTERED, exactly, is_uuid
from tests.wire.world import World

AS_CLAUDE: dict[str, dict[str, Any]] = {
    "register_agent": {"client": "claude-code", "model": "m"},
    "register_claude_self": {},
}
"""Arguments that identify the caller as Claude Code, by tool."""

CODEX = {"kind": "codex-appserver", "thread_id": THREAD, "ws_url": "ws://127.0.0.1:1"}

NAMED_BY_ALL = (*AS_CLAUDE, "register_codex_self")

BOUND = {"bound"}
"""Fields of our answer in addition to the reference's when it has bound a pane."""

UNBOUND = REGISTERED | {"hint"}

FOREIGN_TEXT = ("two\nlines", "esc\x1b[201~", "x" * 65, "bell\x07", "\u202e")


def rows(world: World) -> int:
    """Count the agents of this team."""
    return int(world.sql("SELECT count(*) FROM agents WHERE team = ?", world.team)[0][0])


def check_hint(answer: dict[str, Any]) -> None:
    """The answer tells how to become reachable."""
    exactly(answer, UNBOUND)
    for said in ("tmux_pane_id", "bind_runtime_identity", "detect_tmux_pane"):
        assert said in answer["hint"], said


def of_claude(tool: str) -> dict[str, Any]:
    """Arguments that every Claude registration of a tool has."""
    return AS_CLAUDE[tool]


def a_new_claude(tool: str) -> Any:
    async def scenario(world: World) -> None:
        nobody = await world.nobody()
        answer = await nobody.call(tool, **of_claude(tool), name="bob", team=world.team)
        check_hint(answer)
        assert is_uuid(answer["agent_id"])
        assert answer["team"] == world.team
        agent = (await listed(nobody))["bob"]
        model = "m" if tool == "register_agent" else "claude-code"
        assert (agent["client"], agent["model"], agent["role"]) == ("claude-code", model, "default")

    return scenario


def a_claude_with_its_pane(tool: str) -> Any:
    async def scenario(world: World) -> None:
        nobody, pane = await world.nobody(), await world.stand_in("ui", "claude")
        answer = await nobody.call(tool, **of_claude(tool), name="bob", team=world.team, ui_pid=pane.pid)
        exactly(answer, REGISTERED, maybe=BOUND)
        (row,) = world.sql(
            "SELECT tmux_pane_id, runtime_ui_pid, runtime_tty, runtime_verification_mode "
            "FROM agents WHERE agent_id = ?",
            answer["agent_id"],
        )
        assert row == (pane.pane_id, pane.pid, world.tmux.tty(pane.pane_id), "verified_pid_tty_pane")
        again = await nobody.call(tool, **of_claude(tool), name="bob", team=world.team)
        exactly(again, REGISTERED, maybe=BOUND)
        assert (await listed(nobody))["bob"]["tmux_pane_id"] == pane.pane_id

    return scenario


def a_claude_with_a_pid_that_was(tool: str) -> Any:
    async def scenario(world: World) -> None:
        nobody, pid = await world.nobody(), ended_pid()
        answer = await nobody.call(tool, **of_claude(tool), name="bob", team=world.team, ui_pid=pid)
        check_hint(answer)
        assert world.sql("SELECT runtime_ui_pid FROM agents WHERE agent_id = ?", answer["agent_id"]) == [(pid,)]

    return scenario


def a_claude_with_another_programs_pid(tool: str) -> Any:
    async def scenario(world: World) -> None:
        nobody, pane = await world.nobody(), await world.stand_in("ui", "opencode")
        answer = await nobody.call(tool, **of_claude(tool), name="bob", team=world.team, ui_pid=pane.pid)
        exactly(answer, {"error", "detail"})
        assert answer["error"] == "ui_pid_client_mismatch"
        for said in (str(pane.pid), "claude-code"):
            assert said in answer["detail"]
        assert rows(world) == 0
        assert await nobody.call("list_agents") == {"error": "unknown_agent"}

    return scenario


def a_claude_on_a_channel_that_is_none(tool: str, csid: str, code: str) -> Any:
    async def scenario(world: World) -> None:
        nobody = await world.nobody()
        answer = await nobody.call(tool, **of_claude(tool), name="bob", team=world.team, channel_session_id=csid)
        assert answer == {"error": code}
        assert rows(world) == 0
        assert await nobody.call("list_agents") == {"error": "unknown_agent"}

    return scenario


def a_bad_label(tool: str, field: str) -> Any:
    async def scenario(world: World) -> None:
        nobody = await world.nobody()
        base = AS_CLAUDE.get(tool, {"thread_id": THREAD, "ws_url": "ws://127.0.0.1:1"})
        others = {"name": ["   ", "operator"], "role": ["   "], "team": []}[field]
        for value in (*FOREIGN_TEXT, *others):
            answer = await nobody.call(tool, **{**base, "name": "bob", "team": world.team, field: value})
            assert answer["error"] == f"invalid_{field}", (value, answer)
        assert rows(world) == 0

    return scenario


for _tool in AS_CLAUDE:
    shows(_tool, "ok: a new agent")(a_new_claude(_tool))
    shows(_tool, "ok: bound to the pane of its pid")(a_claude_with_its_pane(_tool))
    shows(_tool, "ok: a pid that proves nothing is no obstacle")(a_claude_with_a_pid_that_was(_tool))
    shows(_tool, "ui_pid_client_mismatch")(a_claude_with_another_programs_pid(_tool))
    shows(_tool, "unknown_channel_session")(
        a_claude_on_a_channel_that_is_none(_tool, "nobody-listens", "unknown_channel_session")
    )
    shows(_tool, "invalid_channel_session_id")(
        a_claude_on_a_channel_that_is_none(_tool, "  ", "invalid_channel_session_id")
    )
for _tool in NAMED_BY_ALL:
    for _field in ("name", "role", "team"):
        shows(_tool, f"invalid_{_field}")(a_bad_label(_tool, _field))


@shows("register_agent", "ok: all fields")
async def every_field(world: World) -> None:
    nobody = await world.nobody()
    answer = await nobody.call(
        "register_agent",
        client="custom",
        client_name="shell",
        model="",
        name="  bob  ",
        role=" lead ",
        team=f"  {world.team}  ",
        project_dir="/some/where",
        ui_pid=1,
        delivery={"kind": "none"},
    )
    check_hint(answer)
    assert answer["team"] == world.team
    agent = (await listed(nobody))["bob"]
    assert (agent["client"], agent["client_name"], agent["model"], agent["role"]) == ("custom", "shell", "", "lead")
    assert world.sql("SELECT runtime_ui_pid, tmux_pane_id FROM agents WHERE agent_id = ?", answer["agent_id"]) == [
        (None, None)
    ]


@shows("register_agent", "ok: again, with the id kept")
async def a_second_registration(world: World) -> None:
    bob = await world.agent("bob", role="lead", client_name="shell")
    (before,) = world.sql("SELECT registered_at FROM agents WHERE agent_id = ?", bob.agent_id)
    again = await bob.call("register_agent", name="bob", team=world.team, client="opencode", model="n")
    assert again["agent_id"] == bob.agent_id
    agent = (await listed(bob))["bob"]
    assert (agent["client"], agent["client_name"], agent["model"], agent["role"]) == ("opencode", None, "n", "default")
    assert world.sql("SELECT registered_at FROM agents WHERE agent_id = ?", bob.agent_id) == [before]
    other = await bob.call("register_agent", **world.registration("carol"))
    assert other["agent_id"] != again["agent_id"]
    assert list(await listed(bob)) == ["bob", "carol"]


@shows("register_agent", "ok: eight at once are one agent")
@http_only
async def eight_at_once(world: World) -> None:
    sessions = [await world.nobody() for _ in range(8)]
    answers = await asyncio.gather(
        *(session.call("register_agent", **world.registration("bob")) for session in sessions)
    )
    assert len({answer["agent_id"] for answer in answers}) == 1
    assert rows(world) == 1


@shows("register_agent", "ok: the team of a project")
async def teams_of_projects(world: World) -> None:
    nobody = await world.nobody()
    mine = {"client": "custom", "model": "m", "name": world.team}
    for project, team in (
        (f"/a/b/{world.team.upper()}//", world.team),
        ("/", "default"),
        ("relative/ My Project ", "my project"),
    ):
        assert (await nobody.call("register_agent", **mine, project_dir=project))["team"] == team
        assert (await nobody.call("register_agent", **mine, team="  ", project_dir=project))["team"] == team
    assert (await nobody.call("register_agent", **mine, team="MiXed", project_dir="/a"))["team"] == "MiXed"
    assert (await nobody.call("register_agent", **mine))["team"] == "default"


@shows("register_agent", "ok: a delivery")
async def a_delivery(world: World) -> None:
    nobody = await world.nobody()
    delivery = {
        "kind": "codex-appserver",
        "thread_id": f" {THREAD.upper()} ",
        "ws_url": " ws://127.0.0.1:1/x ",
        "auth_token_ref": " CODEX_X ",
        "surprise": 1,
    }
    answer = await nobody.call("register_agent", **world.registration("bob", client="codex", delivery=delivery))
    exactly(answer, REGISTERED)
    (row,) = world.sql("SELECT delivery_kind, delivery_payload FROM agents WHERE agent_id = ?", answer["agent_id"])
    assert row[0] == "codex-appserver"
    assert json.loads(row[1]) == {
        "thread_id": THREAD.upper(),
        "ws_url": "ws://127.0.0.1:1/x",
        "auth_token_ref": "CODEX_X",
    }


@shows("register_agent", "ok: a delivery kept and cleared")
async def a_delivery_that_is_kept(world: World) -> None:
    bob = await world.agent("bob", delivery={"kind": "claude-channel", "channel_session_id": world.team})
    kept = await bob.call("register_agent", **world.registration("bob"))
    exactly(kept, REGISTERED)
    assert (await listed(bob))["bob"]["channel_session_id"] == world.team
    cleared = await bob.call("register_agent", **world.registration("bob", delivery={"kind": "none"}))
    check_hint(cleared)
    assert (await listed(bob))["bob"]["delivery"] == {"kind": "none"}


@shows("register_agent", "ok: a Codex agent without a thread")
async def a_plain_codex(world: World) -> None:
    nobody = await world.nobody()
    check_hint(await nobody.call("register_agent", **world.registration("bob", client="codex")))
