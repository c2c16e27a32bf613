"""The Codex path of a registration: its thread is resumed first, and each way to fail has its own words."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, cast

import mcp_types as types
import pytest

from tests.backend.services.wakes.waking import until
from tests.conftest import Connect, Sql
from tests.mcp_caller import Caller
from tests.patience import PATIENCE
from tests.stand_ins.app_server import OTHER_THREAD, THREAD, AppServer, app_server, app_server_on_tcp
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.transports import json_rpc
from xats_tui.backend.transports.codex_windows import CONTROL_SOCKET

NOBODY = "ws://127.0.0.1:1"
SERVER_ERROR = {"code": -32000, "message": "no"}


@pytest.fixture(autouse=True)
def empty_codex_home(own_tmux_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds the app-server of whoever runs it, and none waits for long."""
    monkeypatch.setenv("CODEX_HOME", str(own_tmux_folder))
    monkeypatch.delenv("CROSS_AGENT_TEAMS_CODEX_WS_URL", raising=False)
    monkeypatch.setattr(json_rpc, "REPLY_TIMEOUT_S", 0.3)


@pytest.fixture
async def codex() -> AsyncIterator[AppServer]:
    """An app-server with a URL of its own."""
    async with app_server_on_tcp() as server:
        yield server


Allow = Callable[[str, str], None]


@pytest.fixture
def allow(backend: Coordinator) -> Allow:
    """Has the operator list a variable for a server."""

    def allow(name: str, url: str) -> None:
        backend.tokens.allowed = {name: (url,)}

    return allow


async def register(caller: Caller, meta: dict[str, Any] | None = None, **arguments: Any) -> dict[str, Any]:
    """Register with register_codex_self and return the answer."""
    result = await caller.client.call_tool(
        "register_codex_self", {"name": "bob", **arguments}, meta=cast(types.RequestParamsMeta, meta or {})
    )
    assert isinstance(result, types.CallToolResult) and not result.is_error
    content = result.content[0]
    assert isinstance(content, types.TextContent)
    answer: dict[str, Any] = json.loads(content.text)
    return answer


def unsupported(reason: str, url: str, cause: object) -> dict[str, object]:
    return {
        "error": "unsupported_client",
        "detail": {"expected": "codex", "reason": reason, "ws_url": url, "cause": cause},
    }


async def test_a_thread_that_can_be_resumed_is_registered(codex: AppServer, caller: Caller, sql: Sql) -> None:
    answer = await register(caller, thread_id=f" {THREAD} ", ws_url=f" {codex.url} ")

    assert answer | {"agent_id": ""} == {"agent_id": "", "team": "default", "thread_id": THREAD, "ws_url": codex.url}
    assert codex.asked == ["initialize", "thread/resume"]
    assert sql("SELECT client, model, delivery_kind FROM agents") == [("codex", "gpt", "codex-appserver")]


async def test_register_agent_takes_the_same_path_as_soon_as_it_names_any_of_it(
    codex: AppServer, caller: Caller, connect: Connect
) -> None:
    fields = {"name": "bob", "client": "codex", "model": "m"}

    answer = await caller.call("register_agent", **fields, ws_url=codex.url)
    assert answer == {"error": "thread_id_required", "detail": {"ws_url": codex.url, "thread_ids": [THREAD]}}
    answer = await caller.call("register_agent", **fields, ws_url=codex.url, thread_id=THREAD)
    assert answer.keys() == {"agent_id", "team", "thread_id", "ws_url"}
    asked = len(codex.asked)
    delivery = {"kind": "codex-appserver", "thread_id": THREAD, "ws_url": codex.url}
    answer = await caller.call("register_agent", **fields, thread_id=THREAD, delivery=delivery)
    assert answer.keys() == {"agent_id", "team"}
    assert len(codex.asked) == asked, "a delivery is taken as it is given"
    assert "hint" in await (await connect()).call("register_agent", **fields | {"name": "carol"})


async def test_the_url_comes_from_the_environment_unless_it_is_given(
    codex: AppServer, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSS_AGENT_TEAMS_CODEX_WS_URL", codex.url)

    assert (await register(caller, thread_id=THREAD))["ws_url"] == codex.url
    assert (await register(caller, thread_id=THREAD, ws_url=NOBODY))["error"] == "unsupported_client"


async def test_a_token_that_the_operator_has_listed_is_sent_as_bearer(
    codex: AppServer, caller: Caller, allow: Allow, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow("CODEX_TEST_TOKEN", codex.url)
    monkeypatch.setenv("CODEX_TEST_TOKEN", " hush ")
    await register(caller, thread_id=THREAD, ws_url=codex.url, auth_token_ref="CODEX_TEST_TOKEN")

    assert codex.authorization == ["Bearer hush"]


@pytest.mark.parametrize("value", [None, " "])
async def test_a_missing_token_is_told_before_anything_is_connected_to(
    codex: AppServer, caller: Caller, allow: Allow, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    allow("NO_SUCH_TOKEN", codex.url)
    if value is not None:
        monkeypatch.setenv("NO_SUCH_TOKEN", value)
    answer = await register(caller, thread_id=THREAD, ws_url=codex.url, auth_token_ref="NO_SUCH_TOKEN")

    assert answer == {"error": "missing_auth_token", "detail": {"ref": "NO_SUCH_TOKEN"}}
    assert codex.authorization == []


@pytest.mark.parametrize("name", ["CODEX_API_KEY", "XATS_TOKEN", "HOME", "NO_SUCH_VARIABLE"])
async def test_w18_a_registration_sends_no_secret_that_the_operator_has_not_listed(
    codex: AppServer, caller: Caller, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEX_API_KEY", "hush")
    monkeypatch.setenv("XATS_TOKEN", "hush")
    answer = await register(caller, thread_id=THREAD, ws_url=codex.url, auth_token_ref=name)

    assert answer["error"] == "missing_auth_token"
    assert answer["detail"]["ref"] == name
    assert answer["detail"]["reason"].startswith("the operator has not listed it for this server")
    assert codex.authorization == []


async def test_w18_a_listed_secret_goes_to_its_own_server_only(
    codex: AppServer, caller: Caller, allow: Allow, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow("CODEX_TEST_TOKEN", "ws://127.0.0.1:1")
    monkeypatch.setenv("CODEX_TEST_TOKEN", "hush")
    answer = await register(caller, thread_id=THREAD, ws_url=codex.url, auth_token_ref="CODEX_TEST_TOKEN")

    assert answer["error"] == "missing_auth_token" and "reason" in answer["detail"]
    assert codex.authorization == []


async def test_a_redirect_leads_nowhere(codex: AppServer, caller: Caller) -> None:
    asked = []

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(f"HTTP/1.1 307 Moved\r\nLocation: {codex.url}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(redirect, "127.0.0.1", 0)
    async with server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        answer = await register(caller, thread_id=THREAD, ws_url=url)

    assert answer["detail"]["reason"] == "codex_appserver_unreachable"
    assert len(asked) == 1 and codex.authorization == []


@pytest.mark.parametrize("url", ["ws://example.com:8799", "wss://10.0.0.1"])
async def test_w18_a_registration_connects_to_this_machine_only(caller: Caller, url: str) -> None:
    answer = await register(caller, thread_id=THREAD, ws_url=url)

    assert answer == {"error": "invalid_delivery", "reason": "invalid_ws_url"}


@pytest.mark.parametrize("url", [NOBODY, "http://127.0.0.1:1", "nonsense", "unix:/no/such/socket"])
async def test_a_server_that_cannot_be_reached_is_told(caller: Caller, sql: Sql, url: str) -> None:
    answer = await register(caller, thread_id=THREAD, ws_url=url)

    cause = answer["detail"]["cause"]
    assert answer == unsupported("codex_appserver_unreachable", url, cause)
    assert isinstance(cause, str) and cause
    assert sql("SELECT count(*) FROM agents") == [(0,)]


async def test_a_server_that_does_not_take_the_handshake_is_told(codex: AppServer, caller: Caller) -> None:
    codex.errors["initialize"] = SERVER_ERROR
    answer = await register(caller, thread_id=THREAD, ws_url=codex.url)
    assert answer == unsupported("codex_protocol_unavailable", codex.url, SERVER_ERROR)

    codex.errors.clear()
    codex.closes_at = "initialize"
    answer = await register(caller, thread_id=THREAD, ws_url=codex.url)
    assert answer == unsupported("codex_protocol_unavailable", codex.url, "close 1011: boom")


@pytest.mark.parametrize("mute", ["initialize", "thread/resume", "thread/loaded/list"])
async def test_w8_a_server_that_never_answers_is_not_waited_for(codex: AppServer, caller: Caller, mute: str) -> None:
    codex.mute = {mute}
    named: dict[str, Any] = {} if mute == "thread/loaded/list" else {"thread_id": THREAD}
    async with asyncio.timeout(PATIENCE):
        answer = await register(caller, ws_url=codex.url, **named)

    said = f"{mute} was not answered within 0.3 s"
    assert answer == {
        "initialize": unsupported("codex_protocol_unavailable", codex.url, said),
        "thread/resume": {"error": "codex_resume_failed", "detail": {"thread_id": THREAD, "cause": said}},
        "thread/loaded/list": {"error": "codex_loaded_list_failed", "detail": said},
    }.get(mute)


DEEP = "[" * 100_000


async def test_a_server_that_nests_without_end_is_not_understood(
    codex: AppServer, caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    codex.raw["thread/resume"] = DEEP
    answer = await register(caller, thread_id=THREAD, ws_url=codex.url)

    assert answer["error"] == "codex_resume_failed"
    assert "Traceback" not in caplog.text


async def test_a_server_that_talks_of_other_things_without_end_is_left(
    codex: AppServer, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_rpc, "LONGEST_ASIDE_CHARS", 1)
    codex.talks.add("initialize")
    answer = await register(caller, thread_id=THREAD, ws_url=codex.url)

    assert answer == unsupported("codex_protocol_unavailable", codex.url, "it does not stop talking of other things")


async def test_a_thread_that_cannot_be_resumed_is_told(codex: AppServer, caller: Caller, sql: Sql) -> None:
    answer = await register(caller, thread_id=OTHER_THREAD, ws_url=codex.url)
    cause = {"code": -32600, "message": f"thread not loaded: {OTHER_THREAD}"}
    assert answer == {"error": "codex_resume_failed", "detail": {"thread_id": OTHER_THREAD, "cause": cause}}

    codex.closes_at = "thread/resume"
    answer = await register(caller, thread_id=THREAD, ws_url=codex.url)
    assert answer["detail"] == {"thread_id": THREAD, "cause": "close 1011: boom"}
    assert sql("SELECT count(*) FROM agents") == [(0,)]


async def test_a_loaded_thread_without_a_turn_is_as_good_as_resumed(codex: AppServer, caller: Caller) -> None:
    codex.errors["thread/resume"] = {"code": -32600, "message": f"no rollout found for thread id {THREAD}"}

    assert (await register(caller, thread_id=THREAD, ws_url=codex.url))["thread_id"] == THREAD
    answer = await register(caller, thread_id=OTHER_THREAD, ws_url=codex.url)
    assert answer["detail"]["cause"]["message"].startswith("no rollout found")


async def test_an_id_that_is_none_is_refused_although_it_could_be_resumed(
    codex: AppServer, caller: Caller, sql: Sql
) -> None:
    codex.threads.append("main")

    assert await register(caller, thread_id="main", ws_url=codex.url) == {
        "error": "invalid_delivery",
        "reason": "invalid_thread_id",
    }
    assert sql("SELECT count(*) FROM agents") == [(0,)]


async def test_without_a_thread_the_candidates_are_told(codex: AppServer, caller: Caller, sql: Sql) -> None:
    codex.threads.append(OTHER_THREAD)
    codex.listed = [7, THREAD, "gone", None, OTHER_THREAD]
    assert await register(caller, ws_url=codex.url) == {
        "error": "thread_id_required",
        "detail": {"ws_url": codex.url, "thread_ids": [THREAD, OTHER_THREAD]},
    }

    codex.listed = ["gone"]
    cause = {"code": -32600, "message": "thread not loaded: gone"}
    assert await register(caller, ws_url=codex.url) == {
        "error": "codex_resume_failed",
        "detail": [{"thread_id": "gone", "detail": cause}],
    }

    codex.listed = [7]
    assert await register(caller, ws_url=codex.url) == {
        "error": "no_loaded_threads",
        "detail": {"ws_url": codex.url},
    }

    codex.errors["thread/loaded/list"] = SERVER_ERROR
    assert await register(caller, ws_url=codex.url) == {"error": "codex_loaded_list_failed", "detail": SERVER_ERROR}
    assert sql("SELECT count(*) FROM agents") == [(0,)]


async def test_a_stock_codex_is_known_by_its_call(own_tmux_folder: Path, connect: Connect) -> None:
    meta = {"threadId": THREAD}
    async with app_server(own_tmux_folder / CONTROL_SOCKET) as stock:
        assert await register(await connect(), meta) | {"agent_id": ""} == {
            "agent_id": "",
            "team": "default",
            "thread_id": THREAD,
            "ws_url": stock.url,
        }
        assert (await register(await connect(), meta, thread_id=THREAD))["ws_url"] == stock.url
        elsewhere = await register(await connect(), meta, thread_id=OTHER_THREAD)
        assert elsewhere["detail"]["ws_url"] == "ws://127.0.0.1:8799", "that is not the thread that calls"


async def test_a_socket_that_another_codex_left_is_not_the_callers(own_tmux_folder: Path, connect: Connect) -> None:
    async with app_server(own_tmux_folder / CONTROL_SOCKET) as stock:
        stock.threads = []
        answer = await register(await connect(), {"threadId": THREAD})

    assert answer["detail"]["ws_url"] == "ws://127.0.0.1:8799"


async def test_a_server_that_says_nothing_of_its_threads_is_woken_as_of_old(
    codex: AppServer, caller: Caller, connect: Connect
) -> None:
    codex.status = {}
    await register(caller, thread_id=THREAD, ws_url=codex.url)
    alice = await connect()
    await alice.register("alice")

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    await until(alice, sent["message_id"], wake_status="delivered", transport="codex-appserver")
    assert len(codex.turns) == 1
    assert ["initialize", "thread/resume", "turn/start"] in codex.asked_on_each
