"""Hooks of all clients at their one door: states on the board, and hints that count only once they were passed on."""

from collections.abc import AsyncIterator
from typing import Any, cast

import httpx2
import mcp_types as types
import pytest

from tests.backend.api.plain_http import browsing
from tests.backend.services.wakes.test_hooks import with_a_draft
from tests.backend.services.wakes.waking import status_of, until
from tests.conftest import Connect, Sql
from tests.mcp_caller import Caller
from tests.tmux_server import TmuxServer
from xats_tui.backend.api import hook_endpoint
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.services.wakes.policy import TURN_END_HOOK
from xats_tui.backend.system.callers import Callers
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.client_states import StateSource
from xats_tui.core.model.wakes import UNCONFIRMED
from xats_tui.core.records import replace
from xats_tui.runtime import hook_client, pid_file
from xats_tui.runtime.hook_client import LEFT_HEADER, PID_HEADER, TAKEN_HEADER, TAKEN_PATH
from xats_tui.runtime.settings import Settings

SESSION = "5bfa4ab7-eae8-4c6d-b7a3-2046529f2af8"

CLAUDES = {"session": "session_id", "begins": "UserPromptSubmit", "asks": "Notification", "ends": "Stop"}
OTHERS = {
    "gemini": {**CLAUDES, "begins": "BeforeAgent", "ends": "AfterAgent"},
    "qwen": CLAUDES,
    "droid": CLAUDES,
    "copilot": {
        "session": "sessionId",
        "begins": "userPromptSubmitted",
        "asks": "notification",
        "ends": "agentStop",
    },
}

BLOCK = {"decision": "block", "reason": "[xats] 1 new message from alice: call get_inbox"}


@pytest.fixture
async def http(backend: Coordinator) -> AsyncIterator[httpx2.AsyncClient]:
    async with browsing(backend) as client:
        yield client


@pytest.fixture
async def bob(connect: Connect) -> Caller:
    """An agent whose bridge names the session of its program."""
    caller: Caller = await connect()
    meta = cast(types.RequestParamsMeta, {"xats/host_session": SESSION})
    await caller.client.call_tool("register_agent", {"name": "bob", "client": "custom", "model": "m"}, meta=meta)
    return caller


async def agent_of(backend: Coordinator) -> Agent:
    return next(entry.agent for entry in await backend.registry.roster() if entry.agent.name == "bob")


async def post(http: httpx2.AsyncClient, client: str, event: str, **fields: Any) -> httpx2.Response:
    """Post an event as a client's hook; `to` are headers."""
    headers = fields.pop("to", {})
    answer = await http.post(f"/hook?client={client}&event={event}", json=fields, headers=headers)
    assert answer.status_code == 200
    return answer


@pytest.fixture
async def alice(bob: Caller, register: Connect, tmux: TmuxServer) -> Caller:
    """A sender whose messages wait, because somebody has begun to write in bob's pane."""
    await with_a_draft(bob, await tmux.stand_in("bob"), tmux)
    alice: Caller = await register("alice")
    return alice


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("client", OTHERS)
async def test_a_turn_is_told_from_its_beginning_to_its_end(
    client: str, backend: Coordinator, bob: Caller, http: httpx2.AsyncClient
) -> None:
    names, agent, told = OTHERS[client], await agent_of(backend), []
    kind = "ToolPermission" if client == "gemini" else "permission_prompt"
    for event in (names["begins"], names["asks"], names["ends"]):
        answer = await post(http, client, event, **{names["session"]: SESSION}, notification_type=kind)
        assert answer.json() == {}
        state = backend.states.of(agent.agent_id)
        told.append((state.state, state.source) if state else None)

    assert told == [("busy", "hooks"), ("dialog", "hooks"), ("idle", "hooks")]
    assert backend.states.held_by(agent.agent_id) is None


@pytest.mark.tmux
@pytest.mark.first_variant_quick
@pytest.mark.parametrize("client", OTHERS)
async def test_a_turn_goes_on_with_the_mail_and_only_once(client: str, alice: Caller, http: httpx2.AsyncClient) -> None:
    names = OTHERS[client]
    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    ends = {names["session"]: SESSION, "stop_hook_active": False}
    assert (await post(http, client, names["ends"], **ends)).json() == BLOCK
    await until(alice, sent["message_id"], wake_status="delivered")
    assert (await post(http, client, names["ends"], **ends | {"stop_hook_active": True})).json() == {}


async def droid(connect: Connect) -> None:
    """Register bob as a Droid without a pane."""
    bob: Caller = await connect()
    meta = cast(types.RequestParamsMeta, {"xats/host_session": SESSION})
    await bob.client.call_tool("register_agent", {"name": "bob", "client": "droid", "model": "m"}, meta=meta)


async def test_what_nothing_else_leads_to_waits_for_the_end_of_a_turn(
    connect: Connect, register: Connect, http: httpx2.AsyncClient
) -> None:
    await droid(connect)
    alice = await register("alice")
    before = await alice.call("send_message", to_agent_name="bob", body="sent before its hooks were heard")
    assert (await status_of(alice, before["message_id"]))["wake_status"] == "skipped"

    for event in ("SessionStart", "SessionEnd", "UserPromptSubmit"):
        await post(http, "droid", event, session_id=SESSION)
    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    assert "takes what waits at the end of its turn" in sent["poke_skip_reasons"][0]["detail"]
    answer = await post(http, "droid", "Stop", session_id=SESSION)
    assert answer.json()["reason"] == "[xats] 2 new messages from alice: call xats___get_inbox"


async def test_the_first_word_of_hooks_changes_nothing_about_a_hint_that_may_be_taken_yet(
    connect: Connect, register: Connect, http: httpx2.AsyncClient, sql: Sql
) -> None:
    await droid(connect)
    alice = await register("alice")
    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    put = f"{UNCONFIRMED}it may be taken yet"
    sql("UPDATE message_delivery_status SET wake_status = 'retrying', detail = ?, due_at = '2999-01-01'", put)

    await post(http, "droid", "Stop", session_id=SESSION)

    assert (await status_of(alice, sent["message_id"]))["detail"] == put


async def test_an_event_that_is_not_known_is_ignored(
    backend: Coordinator, bob: Caller, http: httpx2.AsyncClient
) -> None:
    for client, event in (("gemini", "PreCompress"), ("nobody", "Stop"), ("opencode", "Stop")):
        assert (await post(http, client, event, session_id=SESSION)).json() == {}

    assert backend.states.of((await agent_of(backend)).agent_id) is None


@pytest.mark.tmux
async def test_a_hint_counts_only_once_the_hook_has_passed_it_on(alice: Caller, http: httpx2.AsyncClient) -> None:
    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    before = (await status_of(alice, sent["message_id"]))["evidence"]
    hook = {PID_HEADER: "1"}
    first = await post(http, "qwen", "Stop", session_id=SESSION, to=hook)
    assert first.json() == BLOCK
    await http.post(TAKEN_PATH, headers={TAKEN_HEADER: "another"})
    await http.post(TAKEN_PATH, headers={LEFT_HEADER: first.headers[TAKEN_HEADER]})

    again = await post(http, "qwen", "Stop", session_id=SESSION, to=hook)
    assert again.json() == BLOCK
    assert (await status_of(alice, sent["message_id"]))["evidence"] == before

    await http.post(TAKEN_PATH, headers={TAKEN_HEADER: again.headers[TAKEN_HEADER]})

    status = await until(alice, sent["message_id"], wake_status="delivered")
    assert "submitted" in status["evidence"]


@pytest.mark.tmux
async def test_a_hint_that_a_hook_may_have_passed_on_is_given_to_none_after_it(
    alice: Caller, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook_endpoint, "TAKEN_WITHIN_S", 0.01)
    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    hook = {PID_HEADER: "1"}
    assert (await post(http, "qwen", "Stop", session_id=SESSION, to=hook)).json() == BLOCK

    status = await until(alice, sent["message_id"], transport=TURN_END_HOOK)
    assert status["detail"].startswith(f"{UNCONFIRMED}its hook got the hint")
    assert "submitted" not in status["evidence"]
    assert (await post(http, "qwen", "Stop", session_id=SESSION, to=hook)).json() == {}


@pytest.mark.tmux
async def test_a_message_that_was_fetched_before_its_hook_said_anything_is_not_called_fetched_by_itself(
    alice: Caller, bob: Caller, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    monkeypatch.setattr(hook_endpoint, "TAKEN_WITHIN_S", 0.5)
    assert (await post(http, "qwen", "Stop", session_id=SESSION, to={PID_HEADER: "1"})).json() == BLOCK
    await bob.call("get_inbox")

    status = await until(alice, sent["message_id"], transport=TURN_END_HOOK)

    assert status["detail"].endswith("has not said whether it passed it on; the agent has fetched it")
    assert "attempted" in status["evidence"]


@pytest.mark.tmux
async def test_another_user_who_knows_a_session_gets_none_of_its_hints(
    alice: Caller, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    async def belongs_to_another(callers: Callers, pid: int, port: int) -> bool:
        return False

    monkeypatch.setattr(Callers, "may_speak_for", belongs_to_another)

    assert (await post(http, "qwen", "Stop", session_id=SESSION)).json() == {}
    assert (await status_of(alice, sent["message_id"]))["wake_status"] != "delivered"


async def test_the_process_behind_a_hook_tells_whose_it_is_where_no_session_does(
    backend: Coordinator, connect: Connect, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller: Caller = await connect()
    await caller.call("register_agent", name="bob", client="gemini", model="m")
    agent = await agent_of(backend)
    asked: list[int | None] = []

    async def behind(agents: list[Agent], port: int | None, pid: int | None) -> Agent | None:
        asked.append(pid)
        return next(iter(agents), None)

    monkeypatch.setattr(backend.runtimes, "agent_behind", behind)

    await post(http, "gemini", "BeforeAgent", session_id="x" * 100_000, to={PID_HEADER: "4711"})
    assert asked == []  # no client names a session so, and it would be kept
    await post(http, "gemini", "BeforeAgent", session_id=SESSION, to={PID_HEADER: "4711"})

    told = backend.states.of(agent.agent_id)
    assert asked == [4711]
    if agent.process is None:  # nothing proves that the session stays its
        assert told is None
    else:
        assert told is not None and told.source is StateSource.HOOKS


async def test_the_key_in_the_pid_file_opens_the_door_for_hooks_and_no_other(settings: Settings) -> None:
    token = replace(settings, token="correct horse")
    async with Coordinator.running(token) as backend, browsing(backend) as http:
        record = pid_file.running(settings.pid_path)
        assert record and record.hook_key not in repr(record)
        headers = {"authorization": f"Bearer {record.hook_key}"}

        assert (await http.post("/hook", json={}, headers=headers)).status_code == 200
        assert (await http.post("/hook", json={})).status_code == 401
        assert (await http.post("/mcp", json={}, headers=headers)).status_code == 401


async def test_no_hook_turns_to_the_port_once_it_is_given_up(settings: Settings) -> None:
    async with Coordinator.working(settings) as backend:
        async with backend.serving():
            assert hook_client._coordinator(str(settings.pid_path))
        assert hook_client._coordinator(str(settings.pid_path)) is None


async def test_hooks_and_calls_tell_what_an_agent_uses(
    backend: Coordinator, bob: Caller, http: httpx2.AsyncClient
) -> None:
    await bob.call("get_inbox")
    entry = next(one for one in await backend.registry.roster() if one.agent.name == "bob")
    assert entry.last_tool is not None and entry.last_tool.name == "get_inbox"
    used = {"tool_name": "run_shell_command", "tool_input": {"command": "make"}, "model": "m1"}
    await post(http, "gemini", "AfterTool", session_id=SESSION, **used)
    entry = next(one for one in await backend.registry.roster() if one.agent.name == "bob")
    assert entry.last_tool is not None and entry.last_tool.name == "run_shell_command: make"
    assert entry.work is not None and entry.work.model == "m1"
