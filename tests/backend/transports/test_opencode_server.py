"""opencode is woken through its own server: with nothing typed, and only when its session says that it is idle."""

import asyncio
import gzip
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import timedelta
from typing import Any

import pytest

from tests.backend.services.wakes.waking import status_of, until
from tests.conftest import Connect, url_of
from tests.mcp_caller import Caller, callers
from tests.patience import PATIENCE
from tests.stand_ins.opencode_server import SESSION, OpencodeServer, opencode_server
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.transports import opencode_api
from xats_tui.backend.transports.opencode_api import NoServerAnswer, ServerAccess
from xats_tui.backend.transports.opencode_server import begin_session
from xats_tui.core.model.wakes import WakeStage, WakeStatus
from xats_tui.runtime.settings import Settings

HINT = "[xats] 1 new message from alice: call get_inbox"


@pytest.fixture
def opencode() -> Iterator[OpencodeServer]:
    """A running stand-in."""
    with opencode_server() as server:
        yield server


async def registered(connect: Connect, url: str) -> Caller:
    """An opencode agent that names its server."""
    caller: Caller = await connect()
    delivery = {"kind": "opencode-server", "base_url": url}
    answer = await caller.call("register_agent", name="bob", client="opencode", model="m", delivery=delivery)
    assert "agent_id" in answer, answer
    return caller


async def test_the_session_that_was_used_last_is_prompted(
    opencode: OpencodeServer, connect: Connect, register: Connect
) -> None:
    await registered(connect, opencode.url)
    alice = await register("alice")

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    assert sent["poked"] is True
    assert opencode.prompts == [HINT]
    (status,) = (await alice.call("get_delivery_status", message_id=sent["message_id"]))["statuses"]
    assert status["detail"] == f"session {SESSION} took the prompt"
    assert list(status["evidence"]) == ["queued", "attempted", "submitted"]


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    ("statuses", "permissions", "detail"),
    [
        ({SESSION: {"type": "busy"}}, [], "session busy"),
        (
            {SESSION: {"type": "busy"}},
            [{"id": "per_1", "sessionID": SESSION, "permission": "bash"}],
            "asks to use bash",
        ),
        ({SESSION: {"type": "retry"}}, [], "session retry"),
    ],
)
async def test_a_session_that_is_not_idle_is_left_alone_until_it_is(
    statuses: dict[str, object],
    permissions: list[dict[str, object]],
    detail: str,
    opencode: OpencodeServer,
    connect: Connect,
    register: Connect,
) -> None:
    opencode.statuses, opencode.permissions = statuses, permissions
    await registered(connect, opencode.url)
    alice = await register("alice")

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    assert sent["poke_skip_reasons"][0]["detail"] == detail
    assert opencode.prompts == []
    opencode.statuses, opencode.permissions = {}, []
    await until(alice, sent["message_id"], wake_status="delivered")
    assert opencode.prompts == [HINT]


async def test_the_session_at_work_is_the_agents_and_learning_it_is_no_call_of_its_own(
    opencode: OpencodeServer, backend: Coordinator, connect: Connect, register: Connect
) -> None:
    await registered(connect, opencode.url)
    bob = await backend.registry.by_name("default", "bob")
    assert bob is not None and "session_id" not in bob.delivery.address
    opencode.set_busy("older")

    async with asyncio.timeout(PATIENCE):
        while (now := await backend.registry.by_id(bob.agent_id)) is None or "session_id" not in now.delivery.address:
            await asyncio.sleep(0.03)

    assert now.delivery.address == {"base_url": opencode.url, "session_id": "older"}
    assert now.last_seen_at == bob.last_seen_at


async def test_a_server_that_is_gone_is_tried_again(connect: Connect, register: Connect) -> None:
    with opencode_server() as gone:
        await registered(connect, gone.url)
    alice = await register("alice")

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    assert sent["poke_skip_reasons"][0]["detail"].startswith(f"the server at {gone.url}")
    assert sent["retry_scheduled"] is True


async def test_without_a_session_there_is_nothing_to_prompt_yet(
    opencode: OpencodeServer, connect: Connect, register: Connect
) -> None:
    opencode.sessions.clear()
    await registered(connect, opencode.url)
    alice = await register("alice")

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    assert sent["poke_skip_reasons"][0]["detail"] == "its server has no session yet: one begins with the first prompt"
    assert sent["retry_scheduled"] is True


async def test_a_prompt_that_the_server_fails_to_take_is_not_called_delivered(
    opencode: OpencodeServer, connect: Connect, register: Connect
) -> None:
    opencode.broken = f"/session/{SESSION}/prompt_async"
    await registered(connect, opencode.url)
    alice = await register("alice")

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    assert (sent["poked"], sent["retry_scheduled"]) == (False, True)
    (status,) = (await alice.call("get_delivery_status", message_id=sent["message_id"]))["statuses"]
    assert status["detail"] == f"the server at {opencode.url} answered POST {opencode.broken} with status 500"
    assert list(status["evidence"]) == ["queued", "attempted"]


async def test_a_prompt_of_which_nobody_knows_whether_it_was_taken_is_not_repeated_as_if_it_had_failed(
    opencode: OpencodeServer, backend: Coordinator, connect: Connect, register: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opencode_api, "TIMEOUT_S", 0.2)
    opencode.mute = f"/session/{SESSION}/prompt_async"
    await registered(connect, opencode.url)
    alice = await register("alice")

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    await until(alice, sent["message_id"], detail="unconfirmed")

    (wake,) = await backend.waker.statuses(sent["message_id"])
    assert (wake.status, wake.failures, WakeStage.SUBMITTED in wake.reached) == (WakeStatus.RETRYING, 0, False)
    assert wake.due_at is not None
    assert wake.due_at - backend.clock.now() > timedelta(seconds=20)
    await alice.call("send_message", to_agent_name="bob", body="hello again")
    assert opencode.prompts == [HINT]


async def test_an_agent_that_is_quicker_than_the_evidence_was_woken_all_the_same(
    opencode: OpencodeServer, backend: Coordinator, connect: Connect, register: Connect
) -> None:
    opencode.mute = f"/session/{SESSION}/prompt_async"
    bob, alice = await registered(connect, opencode.url), await register("alice")
    sending = asyncio.create_task(alice.call("send_message", to_agent_name="bob", body="hello"))
    await asyncio.to_thread(opencode.prompted.wait, PATIENCE)

    await bob.call("get_inbox")  # the model has begun already
    opencode.let_go.set()
    message_id = (await sending)["message_id"]
    await until(alice, message_id, wake_status="delivered")

    (wake,) = await backend.waker.statuses(message_id)
    assert (wake.skip_reason, wake.transport, wake.attempts) == (None, "opencode-server", 1)
    assert list((await status_of(alice, message_id))["evidence"]) == ["queued", "attempted", "submitted", "seen"]
    (attempt,) = await backend.waker.attempts(message_id, wake.agent_id)
    assert attempt.outcome.startswith("submitted: ")


async def test_a_restart_repeats_no_prompt_that_may_have_been_taken(
    opencode: OpencodeServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opencode_api, "TIMEOUT_S", 0.2)
    opencode.mute = f"/session/{SESSION}/prompt_async"
    async with Coordinator.running(settings) as backend, callers() as connect:
        alice: Caller = await connect(url_of(backend))
        await alice.register("alice")
        await registered(lambda: connect(url_of(backend)), opencode.url)
        sent = await alice.call("send_message", to_agent_name="bob", body="hello")
        await until(alice, sent["message_id"], detail="unconfirmed")
        (before,) = await backend.waker.statuses(sent["message_id"])

    async with Coordinator.running(settings) as backend:
        (after,) = await backend.waker.statuses(sent["message_id"])
        assert after.due_at == before.due_at
    assert opencode.prompts == [HINT]


async def test_one_that_is_no_json_is_told_as_such(
    opencode: OpencodeServer, connect: Connect, register: Connect
) -> None:
    opencode.garbled = "/session"
    await registered(connect, opencode.url)
    alice = await register("alice")

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    assert "answers /session with what opencode does not" in sent["poke_skip_reasons"][0]["detail"]


async def test_a_session_that_is_begun_for_an_agent_is_on_its_screen(opencode: OpencodeServer) -> None:
    assert await begin_session(ServerAccess(base_url=opencode.url)) == opencode.shown == "begun"

    opencode.broken = "/tui/select-session"
    with pytest.raises(NoServerAnswer, match="with status 500"):
        await begin_session(ServerAccess(base_url=opencode.url))


@pytest.mark.parametrize("answer", [None, [], {}, {"id": 7}])
async def test_one_that_begins_something_else_than_a_session_is_told_as_such(
    answer: Any, opencode: OpencodeServer
) -> None:
    opencode.begun = answer
    with pytest.raises(NoServerAnswer, match="answers /session with what opencode does not"):
        await begin_session(ServerAccess(base_url=opencode.url))
    assert opencode.shown == ""


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    ("what", "answer", "said"),
    [
        ("sessions", {"sessions": []}, "answers /session with what opencode does not"),
        ("sessions", ["what"], "answers /session with what opencode does not"),
        ("sessions", [{}], "answers /session with what opencode does not"),
        ("statuses", [{}], "answers /session/status with what opencode does not"),
        ("statuses", {SESSION: "idle"}, "session untold"),
        ("permissions", None, "answers /permission with what opencode does not"),
    ],
)
async def test_a_server_that_answers_something_else_is_told_as_such_and_prompted_by_nobody(
    what: str, answer: Any, said: str, opencode: OpencodeServer, connect: Connect, register: Connect
) -> None:
    setattr(opencode, what, answer)
    await registered(connect, opencode.url)
    alice = await register("alice")

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    assert said in sent["poke_skip_reasons"][0]["detail"]
    assert opencode.prompts == []


@pytest.mark.parametrize("url", ["http://example.com", "https://10.0.0.1:1", "ftp://127.0.0.1", "127.0.0.1:4096"])
async def test_a_server_is_on_this_machine(url: str, connect: Connect) -> None:
    bob: Caller = await connect()
    delivery = {"kind": "opencode-server", "base_url": url}

    answer = await bob.call("register_agent", name="bob", client="opencode", model="m", delivery=delivery)

    assert answer == {"error": "invalid_delivery", "reason": "invalid_base_url"}


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
UNANSWERED = "did not answer /session"
SWELLING = gzip.compress(b"[" + b" " * 50_000_000 + b"]")


@pytest.mark.parametrize(
    ("head", "part", "said"),
    [
        (b"", b"H", UNANSWERED),
        (HEAD + b"Content-Length: 1000000\r\n\r\n[", b" ", UNANSWERED),
        (HEAD + b"\r\n[", b" " * 1_000_000, "with what opencode does not"),
        (HEAD + b"Content-Encoding: gzip\r\n\r\n" + SWELLING, b"", "with what opencode does not"),
        (b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/\r\n\r\n", b"", "status 307"),
        (HEAD + b"Content-Length: 100000\r\n\r\n" + b"[" * 100_000, b"", "with what opencode does not"),
    ],
    ids=["drips a head", "drips a body", "never ends", "swells", "redirects", "nests without end"],
)
async def test_a_server_that_drips_never_ends_swells_or_redirects_is_told_and_left(
    head: bytes, part: bytes, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opencode_api, "TIMEOUT_S", 0.5 if said == UNANSWERED else PATIENCE)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError), closing(writer):
            await reader.readuntil(b"{}")
            writer.write(head + part)
            while part and not reader.at_eof():
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0.02)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        with pytest.raises(NoServerAnswer, match=said):
            await begin_session(ServerAccess(base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
