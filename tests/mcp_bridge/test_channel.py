"""The channel proxy between a stand-in for Claude Code, over real stdio, and a coordinator that comes and goes."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.backend.services.wakes.waking import HINT, status_of, until
from tests.commands.processes import daemon, kill, xats
from tests.conftest import Connect, url_of
from tests.mcp_bridge.host import ScriptedHost, proxy
from tests.mcp_bridge.scripted import Exchange, ScriptedCoordinator, listening
from tests.mcp_caller import callers
from tests.patience import PATIENCE, eventually
from xats_tui.backend.coordinator import Coordinator
from xats_tui.mcp_bridge.channel_proxy import ChannelProxy
from xats_tui.mcp_bridge.host.pipes import Pipes
from xats_tui.mcp_bridge.host.stdio import Host
from xats_tui.runtime.coordinator_proof import keys
from xats_tui.runtime.settings import Settings

CAPABILITY: dict[str, Any] = {"experimental": {"claude/channel": {}}}
TO_THE_HOST = "notifications/claude/channel"


async def csid_of(host: ScriptedHost) -> str:
    """The channel that the start-up hint names, which is the next message."""
    hint = await host.hear()
    assert hint["method"] == TO_THE_HOST
    assert hint["params"]["meta"] == {"source": "cross_agent_teams_mcp", "kind": "startup_bind_hint"}
    content: str = hint["params"]["content"]
    assert all(word in content for word in ("register_claude_self", "$PPID", "register_agent", "bind_channel", "curl"))
    return content.split("channel_session_id ", 1)[1].split(".")[0]


async def ready(host: ScriptedHost) -> str:
    """Shake hands; the channel."""
    await host.shake_hands()
    return await csid_of(host)


def channel(csid: str) -> dict[str, Any]:
    """Return the registration fields of an agent on this channel."""
    return {"delivery": {"kind": "claude-channel", "channel_session_id": csid}}


@pytest.mark.slow
async def test_the_host_is_told_of_a_channel_and_of_no_tools(tmp_path: Path) -> None:
    async with proxy(tmp_path, "--daemon-url", "http://127.0.0.1:1/mcp") as host:
        greeting = await host.shake_hands()
        assert greeting["serverInfo"]["name"] == "cross-agent-teams-channel"
        assert greeting["capabilities"] == CAPABILITY
        assert (await host.request("tools/list"))["error"]["code"] == -32601
        assert (await host.request("ping"))["result"] == {}


@pytest.mark.slow
async def test_whatever_a_host_says_it_goes_on(tmp_path: Path) -> None:
    async with proxy(tmp_path, "--daemon-url", "http://127.0.0.1:1/mcp") as host:
        for nobodys in (b'{"method":"what"}', b'{"id":3,"result":{}}'):
            host.say(nobodys)
        for line, code in (
            (b'{"id":"x"}', -32600),
            (b'{"id":"x","method":"tools/call","params":{}}', -32601),
            (b'{"id":"x","method":"initialize","params":[1]}', -32602),
            (b'{"id":"x","method":"initialize","params":7}', -32602),
        ):
            host.say(line)
            answer = await host.hear()
            assert (answer["id"], answer["error"]["code"]) == ("x", code), line
        assert (await host.request("initialize", protocolVersion={}))["result"]["protocolVersion"]
        assert (await host.request("ping"))["result"] == {}


def test_without_an_endpoint_it_says_how_to_name_one(tmp_path: Path) -> None:
    run = xats("channel", XATS_HOME=str(tmp_path))
    assert (run.returncode, run.stdout) == (2, "")
    assert "--daemon-url" in run.stderr
    assert "CROSS_AGENT_TEAMS_MCP_DAEMON_URL" in run.stderr


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("url", ["9100", "127.0.0.1:9100/mcp", "ftp://127.0.0.1/mcp", "http://", "http://h:no/mcp"])
def test_what_is_no_endpoint_is_refused_at_once(url: str, tmp_path: Path) -> None:
    run = xats("channel", "--daemon-url", url, XATS_HOME=str(tmp_path))
    assert (run.returncode, run.stdout) == (2, "")
    assert "http://127.0.0.1:9100/mcp" in run.stderr


async def test_w39_the_hint_comes_after_the_hosts_initialized(backend: Coordinator, tmp_path: Path) -> None:
    async with proxy(tmp_path, "--daemon-url", url_of(backend)) as host:
        await host.request("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo={"name": "host"})
        await eventually(lambda: "the coordinator knows channel" in (tmp_path / "xats-tui.log").read_text())
        host.say(b'{"jsonrpc":"2.0","id":"p","method":"ping"}')
        assert (await host.hear())["id"] == "p"

        host.say(b'{"jsonrpc":"2.0","method":"notifications/initialized"}')

        assert await csid_of(host)


async def test_it_registers_as_the_reference_proxy_does(backend: Coordinator, tmp_path: Path) -> None:
    async with proxy(tmp_path, "--daemon-url", url_of(backend)) as host:
        csid = await ready(host)
        (session,) = backend.sessions.speaking()
        assert session.client.startswith("cross-agent-teams-proxy ")
        agent = await backend.channels.proxy(session.agent_id or "")
        assert agent is not None
        assert (agent.team, agent.name) == ("default", f"channel-proxy-{host.process.pid}")
        assert agent.channel_ui_pid == os.getpid()
        assert agent.delivery.address == {"channel_session_id": csid}


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("named_by", ["flag", "environment", "pid file"])
async def test_a_wake_reaches_the_host_unchanged(
    named_by: str, backend: Coordinator, settings: Settings, register: Connect, tmp_path: Path
) -> None:
    url = url_of(backend)
    arguments = ["--daemon-url", url] if named_by == "flag" else []
    environment = {"CROSS_AGENT_TEAMS_MCP_DAEMON_URL": url} if named_by == "environment" else {}
    home = settings.home if named_by == "pid file" else tmp_path
    async with proxy(home, *arguments, **environment) as host:
        csid = await ready(host)
        alice, _ = await register("alice"), await register("bob", **channel(csid))

        sent = await alice.call("send_message", to_agent_name="bob", body="hello")

        assert sent["poked"] is True
        wake = await host.hear()
        assert wake == {"jsonrpc": "2.0", "method": TO_THE_HOST, "params": {"content": HINT, "meta": {}}}


@pytest.mark.slow
async def test_two_proxies_each_carry_their_own_channel(
    backend: Coordinator, register: Connect, tmp_path: Path
) -> None:
    arguments = ("--daemon-url", url_of(backend))
    async with proxy(tmp_path, *arguments) as first, proxy(tmp_path, *arguments) as second:
        one, other = await ready(first), await ready(second)
        assert one != other
        alice, _, _ = (
            await register("alice"),
            await register("bob", **channel(one)),
            await register("carol", **channel(other)),
        )
        for name, host in (("bob", first), ("carol", second)):
            await alice.call("send_message", to_agent_name=name, body="hello")
            assert (await host.hear())["params"]["content"] == HINT


@pytest.mark.slow
async def test_w9_a_proxy_that_is_killed_delivers_nothing_and_its_successor_does(
    backend: Coordinator, register: Connect, tmp_path: Path
) -> None:
    alice = await register("alice")
    async with proxy(tmp_path, "--daemon-url", url_of(backend)) as killed:
        csid = await ready(killed)
        await register("bob", **channel(csid))
        killed.process.send_signal(signal.SIGKILL)
        await killed.process.wait()
        await eventually(lambda: not backend.channels.is_live(csid))

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    assert (sent["poked"], sent["retry_scheduled"]) == (False, True)
    assert (await status_of(alice, sent["message_id"]))["wake_status"] == "retrying"
    async with proxy(tmp_path, "--daemon-url", url_of(backend)) as host:
        await register("bob", **channel(await ready(host)))
        assert (await host.hear())["params"]["content"] == HINT
        await until(alice, sent["message_id"], wake_status="delivered")


@pytest.mark.slow
async def test_the_channel_is_the_same_after_a_restart_and_the_hint_comes_again(tmp_path: Path) -> None:
    with daemon(tmp_path) as (first, port):
        url = f"http://127.0.0.1:{port}/mcp"
        async with proxy(tmp_path, "--daemon-url", url) as host, callers() as connect:
            csid = await ready(host)
            assert kill(first) == -signal.SIGKILL
            with daemon(tmp_path, port=port):
                assert await csid_of(host) == csid
                alice, bob = await connect(url), await connect(url)
                await alice.register("alice")
                await bob.register("bob", **channel(csid))
                await alice.call("send_message", to_agent_name="bob", body="hello")
                assert (await host.hear())["params"]["content"] == HINT


@pytest.mark.slow
@pytest.mark.parametrize("end_by", ["stdin", "SIGTERM", "SIGINT"])
async def test_w39_it_ends_with_its_host_and_takes_its_session_along(
    end_by: str, backend: Coordinator, tmp_path: Path
) -> None:
    async with proxy(tmp_path, "--daemon-url", url_of(backend)) as host:
        await ready(host)
        if end_by == "stdin":
            assert await host.leave() == 0
        else:
            host.process.send_signal(signal.Signals[end_by])
            async with asyncio.timeout(PATIENCE):
                assert await host.process.wait() == 0
        await eventually(lambda: len(backend.sessions) == 0)


@pytest.mark.slow
@pytest.mark.parametrize("given_by", ["flag", "environment", "URL"])
async def test_the_token_may_come_three_ways(given_by: str, tmp_path: Path) -> None:
    with daemon(tmp_path, "--token", "hush") as (_, port):
        url = f"http://127.0.0.1:{port}/mcp" + ("?token=hush" if given_by == "URL" else "")
        arguments = ["--token", "hush"] if given_by == "flag" else []
        environment = {"XATS_TOKEN": "hush"} if given_by == "environment" else {}
        async with proxy(tmp_path, "--daemon-url", url, *arguments, **environment) as host:
            assert await ready(host)


class Pauses:
    """Sleep function that records the pauses without waiting."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def __call__(self, seconds: float) -> None:
        """Note it; after the sixth, sleep for ever."""
        self.slept.append(seconds)
        await asyncio.sleep(0 if len(self.slept) < 6 else PATIENCE)


@asynccontextmanager
async def proxy_inside(find: Any, token: str | None = None) -> AsyncIterator[Pauses]:
    """A proxy in this process, whose host says nothing, and what it sleeps."""
    (stdin, to_stdin), (from_stdout, stdout) = os.pipe(), os.pipe()
    host, pauses = Host(Pipes(stdin, stdout)), Pauses()
    serving = asyncio.create_task(ChannelProxy(host, find, token, pauses).serve())
    try:
        yield pauses
    finally:
        os.close(to_stdin)
        async with asyncio.timeout(PATIENCE):
            await serving
        host.close()
        for descriptor in (stdin, from_stdout, stdout):
            os.close(descriptor)


REFUSED = [1.0, 10.0, 60.0, 600.0, 600.0, 600.0]


async def test_a_wrong_token_is_tried_again_ever_more_seldom() -> None:
    async with (
        listening(ScriptedCoordinator(token="hush", known=keys(None, "wrong"))) as coordinator,
        proxy_inside(lambda: coordinator.url, "wrong") as pauses,
    ):
        await eventually(lambda: len(pauses.slept) == 6)
    assert pauses.slept == REFUSED


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    "answer", ['{"error": "forbidden_role"}', '{"ok": false}', "no JSON", "[]"], ids=["error", "not ok", "text", "list"]
)
async def test_a_refusal_is_tried_again_ever_more_seldom(answer: str) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.result({"content": [{"type": "text", "text": answer}]})

    async with (
        listening(ScriptedCoordinator(script=script)) as coordinator,
        proxy_inside(lambda: coordinator.url) as pauses,
    ):
        await eventually(lambda: len(pauses.slept) == 6)
        await eventually(lambda: not coordinator.sessions)  # each try has taken its leave
    assert pauses.slept == REFUSED


async def test_a_coordinator_that_is_not_there_is_tried_again_quickly() -> None:
    async with proxy_inside(lambda: None) as pauses:
        await eventually(lambda: len(pauses.slept) == 6)
    assert pauses.slept == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


async def test_w38_a_proxy_that_is_connected_asks_nothing_and_one_that_is_cut_off_comes_back_at_once() -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.result({"content": [{"type": "text", "text": '{"agent_id": "p", "ok": true}'}]})

    async with (
        listening(ScriptedCoordinator(script=script)) as coordinator,
        proxy_inside(lambda: coordinator.url) as pauses,
    ):
        await eventually(lambda: len(coordinator.calls("subscribe_channel_wake")) == 1 and bool(coordinator.standing))
        await coordinator.die()
        await coordinator.start()
        await eventually(lambda: len(coordinator.calls("subscribe_channel_wake")) == 2)
        calls = [message["params"]["name"] for message in coordinator.received if message["method"] == "tools/call"]
        csids = {params["arguments"]["channel_session_id"] for params in coordinator.calls("subscribe_channel_wake")}
    assert calls == ["register_agent", "subscribe_channel_wake"] * 2
    assert len(csids) == 1
    assert pauses.slept[0] == 0.1
