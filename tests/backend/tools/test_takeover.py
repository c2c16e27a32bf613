"""One name, one runtime: what happens to a session whose agent another one registers."""

import json
import re

import pytest

from tests.backend.api.plain_http import browsing, call, open_session
from tests.backend.tools.letters import inbox, send
from tests.backend.tools.test_kit import ARGUMENTS, LONG_AGO, WITHOUT_REGISTRATION
from tests.conftest import Connect, Sql, url_of
from tests.mcp_caller import callers
from tests.patience import eventually
from tests.tmux_server import TmuxServer
from xats_tui.backend.coordinator import Coordinator
from xats_tui.core.records import replace
from xats_tui.runtime.settings import Settings

SUPERSEDED = re.compile(
    r"another session registered as alice@default at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z; "
    r"call register_agent to take the name back, or register under another name"
)


async def test_w13_a_session_that_is_taken_over_is_told_so_by_every_tool(register: Connect) -> None:
    old, new = await register("alice"), await register("alice")

    assert old.agent_id == new.agent_id
    for tool in ARGUMENTS.keys() - WITHOUT_REGISTRATION:
        answer = await old.call(tool, **ARGUMENTS[tool])
        assert answer["error"] == "superseded", tool
        assert SUPERSEDED.fullmatch(answer["detail"]), tool
    assert (await new.call("list_agents"))["agents"][0]["name"] == "alice"


async def test_w13_the_name_can_be_taken_back(register: Connect) -> None:
    old, new = await register("alice"), await register("alice")
    await old.register("alice")

    assert "agents" in await old.call("list_agents")
    assert (await new.call("list_agents"))["error"] == "superseded"


async def test_a_superseded_session_may_become_somebody_else(register: Connect) -> None:
    old, new = await register("alice"), await register("alice")
    await old.register("bob")

    assert "agents" in await old.call("list_agents")
    assert "agents" in await new.call("list_agents")


async def test_a_session_that_registers_again_is_not_superseded_by_itself(register: Connect) -> None:
    alice = await register("alice")
    await alice.register("alice", role="lead")

    assert "agents" in await alice.call("list_agents")


async def test_w13_a_superseded_session_confirms_no_mail_and_is_not_there(register: Connect, sql: Sql) -> None:
    old, bob = await register("alice"), await register("bob")
    await send(bob, "alice", "read me")
    assert await inbox(old) == ["read me"]
    new = await register("alice")
    sql("UPDATE agents SET last_seen_at = ?", LONG_AGO)

    for tool in ("get_inbox", "list_agents", "task_list"):
        assert (await old.call(tool))["error"] == "superseded"

    assert sql("SELECT last_seen_at FROM agents WHERE name = 'alice'") == [(LONG_AGO,)]
    assert await inbox(new) == ["read me"]


async def test_w13_a_superseded_session_gets_no_notifications_any_more(settings: Settings) -> None:
    quick = replace(settings, heartbeat_ms=50)
    async with Coordinator.running(quick) as backend, callers() as connect:
        old, new = await connect(url_of(backend)), await connect(url_of(backend))
        await old.register("alice")
        await old.next_notification("notifications/heartbeat")
        await new.register("alice")
        await new.next_notification("notifications/heartbeat")
        old.notifications_so_far()

        for _ in range(2):
            await new.next_notification("notifications/heartbeat")
        assert old.notifications_so_far() == []


async def test_w14_the_new_session_keeps_its_notifications_when_the_old_one_closes(settings: Settings) -> None:
    quick = replace(settings, heartbeat_ms=50)
    async with Coordinator.running(quick) as backend, browsing(backend) as http, callers() as connect:
        old = await open_session(http)
        await http.post("/mcp", json=call("register_agent", client="custom", model="m", name="alice"), headers=old)
        new = await connect(url_of(backend))
        await new.register("alice")
        await http.delete("/mcp", headers=old)
        await eventually(lambda: len(backend.sessions) == 1)
        new.notifications_so_far()

        await new.next_notification("notifications/heartbeat")


async def test_an_agent_that_was_taken_over_and_unregistered_is_gone_for_both(register: Connect) -> None:
    old, new = await register("alice"), await register("alice")
    await new.call("unregister_self")

    for session in (old, new):
        assert await session.call("list_agents") == {"error": "unknown_agent"}


async def test_a_superseded_session_cannot_claim_the_agents_id(backend: Coordinator) -> None:
    async with browsing(backend) as http:
        old, new = await open_session(http), await open_session(http)
        registration = call("register_agent", client="custom", model="m", name="alice")
        for session in (old, new):
            answer = await http.post("/mcp", json=registration, headers=session)
        result = json.loads(answer.text.split("data: ")[1])["result"]
        claiming = call("echo", msg="x", from_agent_id=json.loads(result["content"][0]["text"])["agent_id"])

        assert (await http.post("/mcp", json=claiming, headers=old)).status_code == 403
        assert (await http.post("/mcp", json=claiming, headers=new)).status_code == 200


@pytest.mark.parametrize(("bridge", "both"), [("bridge-1", True), ("bridge-2", False)])
async def test_w13_two_sessions_of_one_runtime_both_stay(backend: Coordinator, bridge: str, both: bool) -> None:
    async with browsing(backend) as http:
        first, second = await open_session(http), await open_session(http)
        for session, proof in ((first, "bridge-1"), (second, bridge)):
            registration = call("register_agent", client="custom", model="m", name="alice")
            registration["params"]["_meta"] = {"xats/instance": proof}
            await http.post("/mcp", json=registration, headers=session)
        answers = [await http.post("/mcp", json=call("list_agents"), headers=one) for one in (first, second)]

        assert ["superseded" not in answer.text for answer in answers] == [both, True]


async def test_a_session_of_a_program_that_another_agent_speaks_in_is_not_believed(
    backend: Coordinator, sql: Sql
) -> None:
    """By it hooks speak: whoever only names it would get the hints of another agent's turns."""
    async with browsing(backend) as http:
        for name in ("alice", "eve"):
            registration = call("register_agent", client="custom", model="m", name=name)
            registration["params"]["_meta"] = {"xats/host_session": "alices-own"}
            await http.post("/mcp", json=registration, headers=await open_session(http))

    assert sql("SELECT name, host_session FROM agents ORDER BY name") == [("alice", "alices-own"), ("eve", None)]


async def test_a_session_that_becomes_another_agent_takes_pane_and_delivery_along(
    connect: Connect, tmux: TmuxServer, sql: Sql
) -> None:
    pane, session = await tmux.stand_in("claude", "claude"), await connect()
    delivery = {"kind": "opencode-server", "base_url": "http://127.0.0.1:1"}
    await session.register("alice", client="claude-code", ui_pid=pane.pid, delivery=delivery)
    await session.register("bob", client="claude-code")

    assert sql("SELECT name, tmux_pane_id, runtime_ui_pid, delivery_kind, host_session FROM agents ORDER BY name") == [
        ("alice", None, None, "none", None),
        ("bob", pane.pane_id, pane.pid, "opencode-server", None),
    ]


async def test_whoever_loses_its_pane_is_told_with_its_next_answer(
    backend: Coordinator, register: Connect, tmux: TmuxServer
) -> None:
    alice, eve, pane = await register("alice"), await register("eve"), await tmux.stand_in("claude", "claude")
    for agent in (alice, eve):
        await agent.call("bind_runtime_identity", agent="claude-code", ui_pid=pane.pid)

    notice = (await alice.call("list_agents"))["notice"]
    assert re.fullmatch(rf"eve@default \(a claude-code session, process \d+\) took pane {pane.pane_id} from .*", notice)
    assert "call bind_runtime_identity to take it back" in notice
    assert "notice" not in await alice.call("list_agents")
    assert [one.text in notice for one in backend.notices.latest] == [True]
