"""Registering: what the tools answer, what is kept, what is refused, and that a refusal leaves nothing written."""

import asyncio
import json
import os
import re
import subprocess
from typing import Any, cast

import mcp_types as types
import pytest

from tests.backend.api.plain_http import INITIALIZE, browsing
from tests.backend.api.proxies import UI_PID, answer_of, listening_proxy, proxy_fields
from tests.conftest import Connect, Sql
from tests.mcp_caller import Caller, ToolError
from tests.tmux_server import TmuxServer, short_folder, tmux_server
from xats_tui.backend.coordinator import Coordinator

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
THREAD = "01234567-89ab-4cde-8f01-23456789abcd"
CODEX = {"kind": "codex-appserver", "thread_id": THREAD, "ws_url": "ws://127.0.0.1:1"}

CHANNEL = "0aa0b2b0-0000-4000-8000-000000000001"


async def refused(caller: Caller, **fields: object) -> str:
    """The code with which a registration is refused."""
    return str((await caller.register(str(fields.pop("name", "x")), **fields)).get("error"))


async def registered(caller: Caller, meta: dict[str, Any], **arguments: Any) -> dict[str, Any]:
    """Call register_agent with this `_meta` and return the answer."""
    result = await caller.client.call_tool(
        "register_agent", {"model": "m", **arguments}, meta=cast(types.RequestParamsMeta, meta)
    )
    assert isinstance(result, types.CallToolResult)
    content = result.content[0]
    assert isinstance(content, types.TextContent)
    answer: dict[str, Any] = json.loads(content.text)
    return answer


async def test_a_registration_answers_id_and_team_and_how_to_become_reachable(connect: Connect) -> None:
    answer = await (await connect()).register("alice")

    assert UUID.fullmatch(answer["agent_id"])
    assert answer["team"] == "default"
    assert "bind_runtime_identity" in answer["hint"]
    assert answer.keys() == {"agent_id", "team", "hint"}


async def test_an_identity_keeps_its_id_whoever_registers_it_again(register: Connect, sql: Sql) -> None:
    first = await register("alice", client="codex", role="lead", model="one")
    ((registered_at,),) = sql("SELECT registered_at FROM agents")
    second = await register("alice", client="custom", client_name="vim", model="two")

    assert second.agent_id == first.agent_id
    assert sql("SELECT client, client_name, role, model, registered_at FROM agents") == [
        ("custom", "vim", "default", "two", registered_at)
    ]


async def test_eight_concurrent_registrations_of_a_name_are_one_agent(connect: Connect) -> None:
    callers = [await connect() for _ in range(8)]
    answers = await asyncio.gather(*(caller.register("alice") for caller in callers))

    assert len({answer["agent_id"] for answer in answers}) == 1


async def test_a_name_is_another_agent_in_another_team(register: Connect) -> None:
    assert (await register("alice")).agent_id != (await register("alice", team="blue")).agent_id


async def test_a_session_speaks_as_the_agent_that_it_registered_last(register: Connect) -> None:
    caller = await register("alice")
    await caller.register("bob")
    await caller.call("send_message", to_agent_name="alice", body="from bob", auto_poke=False)
    alice = await register("alice")

    assert (await alice.call("get_inbox"))["messages"][0]["from_name"] == "bob"


@pytest.mark.parametrize(
    ("fields", "team"),
    [
        ({}, "default"),
        ({"team": " Blue "}, "Blue"),
        ({"team": " ", "project_dir": "/work/Shop/"}, "shop"),
        ({"project_dir": "/work/My App"}, "my app"),
        ({"project_dir": "/"}, "default"),
        ({"team": "blue", "project_dir": "/work/shop"}, "blue"),
    ],
)
async def test_the_team_is_the_one_named_else_the_project_folder_else_default(
    connect: Connect, fields: dict[str, str], team: str
) -> None:
    assert (await (await connect()).register("alice", **fields))["team"] == team


async def test_w20_names_roles_and_teams_are_trimmed_printable_and_short(connect: Connect, sql: Sql) -> None:
    caller = await connect()

    for bad in ("   ", "a\nb", "a\x1b[201~", "a\x00", "\N{RIGHT-TO-LEFT OVERRIDE}x", "x" * 65):
        assert await refused(caller, name=bad) == "invalid_name", repr(bad)
        assert await refused(caller, role=bad) == "invalid_role", repr(bad)
        if bad.strip():
            assert await refused(caller, team=bad) == "invalid_team", repr(bad)
    assert sql("SELECT count(*) FROM agents") == [(0,)]
    await caller.register("  Zoë; rm -rf $(HOME)  ", role=" 🧪 ")
    assert sql("SELECT name, role FROM agents") == [("Zoë; rm -rf $(HOME)", "🧪")]


async def test_two_spellings_of_one_accent_are_one_name(register: Connect) -> None:
    composed, combined = await register("Zo\u00eb"), await register("Zoe\u0308")

    assert composed.agent_id == combined.agent_id


async def test_the_operators_name_is_taken(connect: Connect) -> None:
    caller = await connect()

    assert await refused(caller, name="operator") == "invalid_name"
    assert await refused(caller, name="Operator", team="blue") == "invalid_name"


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    ("delivery", "reason"),
    [
        ({"kind": "pigeon"}, "unknown_kind"),
        ({"kind": "claude-channel"}, "missing_channel_session_id"),
        ({"kind": "claude-channel", "channel_session_id": " "}, "missing_channel_session_id"),
        (CODEX | {"thread_id": "thread"}, "invalid_thread_id"),
        (CODEX | {"ws_url": "http://127.0.0.1"}, "invalid_ws_url"),
        (CODEX | {"ws_url": ""}, "invalid_ws_url"),
        pytest.param(CODEX | {"ws_url": "ws://example.com:80"}, "invalid_ws_url", id="w18-another-machine"),
        (CODEX | {"auth_token_ref": " "}, "invalid_auth_token_ref"),
    ],
)
async def test_a_delivery_that_cannot_work_is_refused_with_the_reason_and_nothing_is_written(
    connect: Connect, sql: Sql, delivery: dict[str, object], reason: str
) -> None:
    answer = await (await connect()).register("alice", delivery=delivery)

    assert answer == {"error": "invalid_delivery", "reason": reason}
    assert sql("SELECT count(*) FROM agents") == [(0,)]


async def test_a_delivery_is_kept_until_another_one_is_given(register: Connect, sql: Sql) -> None:
    async def stored(**fields: object) -> tuple[str, str | None]:
        await register("alice", **fields)
        ((kind, payload),) = sql("SELECT delivery_kind, delivery_payload FROM agents")
        return kind, payload

    channel = ("claude-channel", '{"channel_session_id":"csid"}')
    given = {"kind": "claude-channel", "channel_session_id": " csid ", "extra": 1}
    assert await stored(delivery=given) == channel
    assert await stored() == channel
    assert await stored(delivery={"kind": "none"}) == ("none", None)


async def test_who_has_a_delivery_is_reachable_and_gets_no_hint(connect: Connect) -> None:
    assert "hint" not in await (await connect()).register("alice", delivery=CODEX)


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    ("tool", "arguments", "field"),
    [
        ("register_agent", {"client": "custom", "model": "m"}, "name"),
        ("register_agent", {"client": "custom", "model": "m", "name": ""}, "name"),
        ("register_agent", {"client": "vim", "model": "m", "name": "x"}, "client"),
        ("register_agent", {"client": "custom", "model": 1, "name": "x"}, "model"),
        ("register_agent", {"client": "custom", "model": "m", "name": "x", "tmux_pane_id": "%1"}, "tmux_pane_id"),
        ("register_agent", {"client": "custom", "model": "m", "name": "x", "project_dir": 7}, "project_dir"),
        ("register_agent", {"client": "custom", "model": "m", "name": "x", "ui_pid": 0}, "ui_pid"),
        ("register_agent", {"client": "custom", "model": "m", "name": "x", "role": ["qa"]}, "role"),
        ("register_agent", {"client": "custom", "model": "m", "name": "x", "delivery": {}}, "delivery"),
        ("register_agent", {"client": "custom", "model": "m", "name": "x", "delivery": {"kind": 7}}, "delivery"),
        ("register_agent", {"client": "codex", "model": "m", "name": "x", "thread_id": " "}, "thread_id"),
        ("register_agent", {"client": "custom", "model": "m", "name": "x", "tmux_socket": "here"}, "tmux_socket"),
        ("register_claude_self", {"name": "x", "client": "claude-code"}, "client"),
        ("register_claude_self", {"name": "x", "thread_id": THREAD}, "thread_id"),
        ("register_claude_self", {"name": "x", "channel_session_id": 7}, "channel_session_id"),
        ("register_codex_self", {"name": "x", "ui_pid": 1}, "ui_pid"),
        ("register_codex_self", {"name": "x", "ws_url": 7}, "ws_url"),
    ],
)
async def test_arguments_of_the_wrong_form_are_a_tool_error_that_names_the_field(
    caller: Caller, sql: Sql, tool: str, arguments: dict[str, object], field: str
) -> None:
    with pytest.raises(ToolError, match=rf"(?s){tool}.*{field}"):
        await caller.call(tool, **arguments)
    assert sql("SELECT count(*) FROM agents") == [(0,)]


async def issues(caller: Caller, **arguments: object) -> dict[str, str]:
    """Try to register and return the error of each field."""
    with pytest.raises(ToolError) as error:
        await caller.call("register_agent", **{"name": "x", "model": "m"} | arguments)
    found = json.loads(str(error.value))
    assert all(issue.keys() == {"code", "path", "message"} and issue["code"] == "custom" for issue in found)
    return {issue["path"][0]: issue["message"] for issue in found}


async def test_fields_that_do_not_go_together_are_all_named_in_one_tool_error(caller: Caller, sql: Sql) -> None:
    everything = {
        "client_name": "vim",
        "channel_session_id": "c",
        "thread_id": "t",
        "ws_url": "ws://127.0.0.1:1",
        "auth_token_ref": "T",
        "base_url": "http://127.0.0.1:1",
        "session_id": "s",
        "claude_ui_pid": 1,
    }
    mine = {
        "custom": {"client_name"},
        "claude-code": {"channel_session_id"},
        "codex": {"thread_id", "ws_url", "auth_token_ref"},
        "opencode": {"base_url", "session_id"},
    }

    for client, fields in mine.items():
        assert (await issues(caller, client=client, **everything)).keys() == everything.keys() - fields, client
    assert (await issues(caller, client="opencode", session_id="s")).keys() == {"session_id"}
    assert sql("SELECT count(*) FROM agents") == [(0,)]


async def test_the_model_may_be_left_out_from_codex_only(caller: Caller, sql: Sql) -> None:
    with pytest.raises(ToolError, match=r"(?s)register_agent.*model"):
        await caller.call("register_agent", name="x", client="custom")
    await caller.call("register_agent", name="x", client="codex")
    await caller.call("register_agent", name="y", client="custom", model="")

    assert sql("SELECT name, model FROM agents ORDER BY name") == [("x", "gpt"), ("y", "")]


async def test_reserved_roles_are_no_agents(caller: Caller, sql: Sql) -> None:
    assert await refused(caller, role="__boss__") == "invalid_role"
    answer = await caller.register("proxy-1", **proxy_fields(CHANNEL))

    assert answer.keys() == {"agent_id", "team"}
    assert sql("SELECT count(*) FROM agents") == [(0,)]


async def test_a_claude_code_registers_itself(connect: Connect, sql: Sql) -> None:
    caller = await connect()
    answer = await caller.call("register_claude_self", name="bob", role="worker", project_dir="/work/Shop")

    assert answer.keys() == {"agent_id", "team", "hint"}
    assert sql("SELECT client, client_name, model, role, team FROM agents") == [
        ("claude-code", None, "claude-code", "worker", "shop")
    ]


@pytest.mark.parametrize(
    ("tool", "said", "model"),
    [
        ("register_claude_self", "claude-code", "claude-code 2.1"),
        ("register_claude_self", "curl", "claude-code"),
    ],
)
async def test_w24_the_model_is_what_the_client_called_itself_if_that_names_it(
    backend: Coordinator, sql: Sql, tool: str, said: str, model: str
) -> None:
    hello = INITIALIZE | {"params": INITIALIZE["params"] | {"clientInfo": {"name": said, "version": "2.1"}}}
    async with browsing(backend) as http:
        opened = await http.post("/mcp", json=hello)
        session = {"mcp-session-id": opened.headers["mcp-session-id"]}
        await http.post("/mcp", json={"jsonrpc": "2.0", "method": "notifications/initialized"}, headers=session)
        await answer_of(http, session, tool, name="bob")

    assert sql("SELECT model FROM agents") == [(model,)]


async def test_what_a_registration_leaves_out_is_kept_or_reset_by_kind(register: Connect, sql: Sql) -> None:
    await register("bob", client="claude-code", role="lead", ui_pid=UI_PID, delivery=CODEX)
    await register("bob", client="custom", client_name="vim", model="other")

    assert sql("SELECT client, client_name, role, model, runtime_ui_pid, delivery_kind FROM agents") == [
        ("custom", "vim", "default", "other", UI_PID, "codex-appserver")
    ]
    await register("bob", client="custom", ui_pid=os.getpid(), delivery={"kind": "none"})
    assert sql("SELECT client_name, runtime_ui_pid, delivery_kind FROM agents") == [(None, UI_PID, "none")]


@pytest.mark.parametrize("client", ["opencode", "kilo"])
async def test_an_opencode_with_a_server_is_reached_through_it(connect: Connect, sql: Sql, client: str) -> None:
    opencode = await connect()
    answer = await opencode.register("bob", client=client, base_url="http://127.0.0.1:4096/", session_id="ses_1")

    assert answer.keys() == {"agent_id", "team"}
    assert sql("SELECT delivery_kind, delivery_payload FROM agents") == [
        ("opencode-server", '{"base_url":"http://127.0.0.1:4096","session_id":"ses_1"}')
    ]
    assert await opencode.register("bob", client=client, base_url="http://example.com") == {
        "error": "invalid_delivery",
        "reason": "invalid_base_url",
    }


async def test_a_channel_is_found_by_the_pid_of_its_claude_code(connect: Connect, sql: Sql) -> None:
    await listening_proxy(connect, CHANNEL)
    answer = await (await connect()).call("register_claude_self", name="bob", team="shop", ui_pid=UI_PID)

    assert answer | {"agent_id": ""} == {"agent_id": "", "team": "shop", "channel_session_id": CHANNEL}
    assert sql("SELECT delivery_kind, delivery_payload FROM agents") == [
        ("claude-channel", f'{{"channel_session_id":"{CHANNEL}"}}')
    ]


async def test_a_channel_that_is_not_the_pids_is_refused_and_nothing_is_written(connect: Connect, sql: Sql) -> None:
    await listening_proxy(connect, CHANNEL)
    caller = await connect()
    answer = await caller.call("register_claude_self", name="bob", ui_pid=UI_PID, channel_session_id="another")

    assert answer == {
        "error": "channel_session_id_ui_pid_mismatch",
        "detail": {"ui_pid_matched_csid": CHANNEL, "supplied_csid": "another"},
    }
    assert sql("SELECT count(*) FROM agents") == [(0,)]
    assert await caller.call("list_agents") == {"error": "unknown_agent"}
    named = await caller.call("register_claude_self", name="bob", ui_pid=UI_PID, channel_session_id=CHANNEL)
    assert named.keys() == {"agent_id", "team"}


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"channel_session_id": " "}, "invalid_channel_session_id"),
        ({"channel_session_id": "nobody"}, "unknown_channel_session"),
        ({"channel_session_id": "nobody", "role": "__channel_proxy__"}, "forbidden_role"),
        ({"channel_session_id": "nobody", "delivery": {"kind": "pigeon"}}, "invalid_delivery"),
    ],
)
async def test_w15_a_registration_that_is_refused_has_written_nothing(
    connect: Connect, sql: Sql, fields: dict[str, object], error: str
) -> None:
    caller = await connect()

    assert await refused(caller, name="bob", client="claude-code", **fields) == error
    assert sql("SELECT (SELECT count(*) FROM agents) + (SELECT count(*) FROM channel_proxies)") == [(0,)]
    assert await caller.call("list_agents") == {"error": "unknown_agent"}


async def test_w15_the_hint_is_about_the_agent_as_it_is_now(connect: Connect) -> None:
    caller = await connect()

    assert "hint" in await caller.register("bob")
    assert "hint" not in await caller.register("bob", delivery=CODEX)
    assert "hint" not in await caller.register("bob"), "the delivery of before is still there"
    assert "hint" in await caller.register("bob", delivery={"kind": "none"})


async def test_sessions_of_one_bridge_speak_as_one_agent(connect: Connect) -> None:
    first, second = await connect(), await connect()
    for session in (first, second):
        answer = await registered(session, {"xats/instance": "i"}, name="bob", client="custom")
        assert "agent_id" in answer

    assert "agents" in await first.call("list_agents")


async def test_what_others_can_see_proves_no_runtime(connect: Connect, tmux: TmuxServer) -> None:
    pane = await tmux.stand_in("bob", "claude")
    visible: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({}, {"client": "claude-code", "ui_pid": pane.pid}),
        ({"xats/host_session": "s"}, {"client": "claude-code"}),
        ({"xats/ui": {"pid": pane.pid, "pane": pane.pane_id}}, {"client": "custom"}),
        ({"xats/bridge": pane.pid}, {"client": "custom"}),
        ({"threadId": THREAD}, {"client": "codex"}),
    ]
    for number, (meta, fields) in enumerate(visible):
        first, second = await connect(), await connect()
        for session in (first, second):
            assert "agent_id" in await registered(session, meta, name=f"bob-{number}", **fields)
        assert (await first.call("list_agents"))["error"] == "superseded", (meta, fields)


async def test_a_pid_of_another_program_proves_nothing(connect: Connect) -> None:
    first, second = await connect(), await connect()
    for session in (first, second):
        await session.register("bob", client="custom", ui_pid=os.getpid())

    assert (await first.call("list_agents"))["error"] == "superseded"


async def test_a_pid_that_is_gone_proves_nothing(connect: Connect) -> None:
    first, second = await connect(), await connect()
    for session in (first, second):
        await session.register("bob", client="claude-code", ui_pid=UI_PID)

    assert (await first.call("list_agents"))["error"] == "superseded"


@pytest.mark.parametrize("where", ["argument", "meta"])
async def test_a_pane_of_another_tmux_server_is_bound_there(
    connect: Connect, tmux: TmuxServer, sql: Sql, where: str
) -> None:
    with short_folder() as folder, tmux_server(folder) as elsewhere:
        pane = await elsewhere.stand_in("bob", "claude")
        at = {"tmux_socket": elsewhere.socket} if where == "argument" else {}
        meta = {"xats/tmux_socket": elsewhere.socket} if where == "meta" else {}
        answer = await registered(await connect(), meta, name="bob", client="claude-code", ui_pid=pane.pid, **at)

        assert answer["bound"] == {"tmux_pane_id": pane.pane_id, "evidence": "verified_pid_tty_pane"}
        assert sql("SELECT tmux_pane_id, tmux_socket FROM agents") == [(pane.pane_id, elsewhere.socket)]


async def test_the_default_tmux_server_is_the_same_by_its_path(connect: Connect, tmux: TmuxServer, sql: Sql) -> None:
    pane = await tmux.stand_in("bob", "claude")
    await (await connect()).register("bob", client="claude-code", ui_pid=pane.pid, tmux_socket=tmux.socket)
    await (await connect()).register("thief", client="claude-code", ui_pid=pane.pid)

    assert sql("SELECT name, tmux_pane_id, tmux_socket FROM agents ORDER BY name") == [
        ("bob", None, ""),
        ("thief", pane.pane_id, ""),
    ]


async def test_a_pid_that_was_reused_is_not_the_runtime_of_before(connect: Connect, sql: Sql) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    await (await connect()).register("bob", client="claude-code", ui_pid=gone.pid)

    assert sql("SELECT runtime_ui_pid, runtime_ui_started_at FROM agents") == [(gone.pid, None)]
