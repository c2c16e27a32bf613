"""The bridge carries wakes to its own host where that takes them, so that no proxy is needed beside it."""

from pathlib import Path

import pytest

from tests.backend.services.wakes.waking import HINT
from tests.commands.processes import daemon, kill
from tests.mcp_bridge.host import bridge
from tests.mcp_bridge.test_channel import CAPABILITY, TO_THE_HOST


@pytest.mark.slow
@pytest.mark.parametrize("evidence", ["the handshake", "a flag"])
async def test_the_bridge_itself_carries_wakes_to_a_host_that_takes_them(evidence: str, tmp_path: Path) -> None:
    flags = ["--channel"] if evidence == "a flag" else []
    capabilities = {} if flags else CAPABILITY
    with daemon(tmp_path):
        async with bridge(tmp_path, *flags) as host, bridge(tmp_path) as other:
            client = {"name": "host", "version": "1"}
            greeting = await host.request(
                "initialize", protocolVersion="2025-06-18", capabilities=capabilities, clientInfo=client
            )
            assert greeting["result"]["capabilities"] == {"tools": {"listChanged": True}, **CAPABILITY}
            host.say(b'{"jsonrpc":"2.0","method":"notifications/initialized"}')
            registered = await host.call("register_agent", name="bob", client="claude-code", model="m", team="t")
            assert registered["channel_session_id"]
            assert "hint" not in registered
            await other.call("register_agent", name="alice", client="custom", model="m", team="t")

            sent = await other.call("send_message", to_agent_name="bob", body="hello")

            assert sent["poked"] is True
            assert await host.hear() == {
                "jsonrpc": "2.0",
                "method": TO_THE_HOST,
                "params": {"content": HINT.replace("get_inbox", "mcp__xats__get_inbox"), "meta": {}},
            }


@pytest.mark.slow
async def test_the_bridge_carries_wakes_again_after_a_restart(tmp_path: Path) -> None:
    with daemon(tmp_path) as (first, port):
        async with bridge(tmp_path, "--channel") as host, bridge(tmp_path) as other:
            await host.shake_hands()
            await host.call("register_agent", name="bob", client="claude-code", model="m", team="t")
            await other.call("register_agent", name="alice", client="custom", model="m", team="t")
            kill(first)
            with daemon(tmp_path, port=port):
                await other.call("send_message", to_agent_name="bob", body="hello")
                while (message := await host.hear()).get("method") != TO_THE_HOST:
                    pass
                assert message["params"] == {"content": HINT.replace("get_inbox", "mcp__xats__get_inbox"), "meta": {}}


@pytest.mark.slow
async def test_without_evidence_the_bridge_speaks_of_no_channel(tmp_path: Path) -> None:
    with daemon(tmp_path):
        async with bridge(tmp_path) as host:
            assert (await host.shake_hands())["capabilities"] == {"tools": {"listChanged": True}}
            registered = await host.call("register_agent", name="bob", client="claude-code", model="m", team="t")
    assert "channel_session_id" not in registered
