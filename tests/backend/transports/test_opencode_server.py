"""opencode is woken through its own server: with nothing typed, and only when its session says that it is idle."""

from collections.abc import Iterator

import pytest

from tests.backend.services.waking import until
from tests.conftest import Connect
from tests.mcp_caller import Caller
from tests.opencode_server import SESSION, OpencodeServer, opencode_server

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


@pytest.mark.parametrize(
    ("statuses", "permissions", "detail"),
    [
        ({SESSION: {"type": "busy"}}, [], "session busy"),
        ({SESSION: {"type": "busy"}}, [{"sessionID": SESSION, "permission": "bash"}], "asks to use bash"),
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


async def test_a_server_that_is_gone_is_tried_again(connect: Connect, register: Connect) -> None:
    with opencode_server() as gone:
        await registered(connect, gone.url)
    alice = await register("alice")

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    assert sent["poke_skip_reasons"][0]["detail"].startswith(f"opencode at {gone.url}")
    assert sent["retry_scheduled"] is True


@pytest.mark.parametrize("url", ["http://example.com", "https://10.0.0.1:1", "ftp://127.0.0.1", "127.0.0.1:4096"])
async def test_a_server_is_on_this_machine(url: str, connect: Connect) -> None:
    bob: Caller = await connect()
    delivery = {"kind": "opencode-server", "base_url": url}

    answer = await bob.call("register_agent", name="bob", client="opencode", model="m", delivery=delivery)

    assert answer == {"error": "invalid_delivery", "reason": "invalid_base_url"}
