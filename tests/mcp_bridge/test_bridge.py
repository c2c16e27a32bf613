"""The bridge as a host sees it, in front of the real coordinator, which comes, goes and is killed."""

import asyncio
import json
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.commands.processes import daemon, kill
from tests.mcp_bridge.host import ScriptedHost, bridge
from tests.patience import PATIENCE, eventually
from xats_tui import __version__
from xats_tui.runtime import pid_file

REGISTRATION = {"client": "custom", "model": "m", "team": "t"}


def coordinators_started(home: Path) -> int:
    return (home / "xats-tui.log").read_text().count("started a coordinator, pid")


async def test_the_handshake_is_answered_although_no_coordinator_can_start(home: Path) -> None:
    with pid_file.held(home / "daemon.pid"):
        async with bridge(home) as host:
            greeting = await host.shake_hands("2025-06-18")
    assert greeting["serverInfo"] == {"name": "xats-tui", "version": __version__}
    assert greeting["protocolVersion"] == "2025-06-18"
    assert "cross-agent-teams" in greeting["instructions"]


@pytest.mark.slow
async def test_a_host_of_a_later_protocol_is_sent_back_to_the_handshake(home: Path) -> None:
    with pid_file.held(home / "daemon.pid"):
        async with bridge(home) as host:
            assert (await host.request("server/discover"))["error"]["code"] == -32601
            assert (await host.shake_hands("2026-07-28"))["protocolVersion"] == "2025-11-25"


async def test_a_bridge_without_a_coordinator_starts_one_that_outlives_it(home: Path) -> None:
    async with bridge(home, "--port", "0") as host:
        await host.shake_hands()
        assert (await host.call("echo", msg="hi"))["msg"] == "hi"
        assert await host.leave() == 0
    assert pid_file.is_running(home / "daemon.pid")
    async with bridge(home) as other:
        assert (await other.call("echo", msg="again"))["msg"] == "again"
    assert coordinators_started(home) == 1


@pytest.mark.slow
async def test_ten_bridges_at_once_start_one_coordinator(home: Path) -> None:
    async def greet() -> Any:
        async with bridge(home, "--port", "0") as host:
            await host.shake_hands()
            return await host.call("echo", msg="hi")

    answers = await asyncio.gather(*(greet() for _ in range(10)))
    assert [answer["msg"] for answer in answers] == ["hi"] * 10
    assert coordinators_started(home) == 1


@pytest.mark.slow
async def test_the_tools_and_the_instructions_are_the_coordinators(home: Path) -> None:
    with daemon(home):
        async with bridge(home) as host:
            greeting = await host.shake_hands()
            tools = (await host.request("tools/list"))["result"]["tools"]
    assert {"echo", "register_agent", "get_inbox"} <= {tool["name"] for tool in tools}
    assert "[xats]" in greeting["instructions"]


@pytest.mark.slow
async def test_two_agents_talk_through_their_bridges(home: Path) -> None:
    with daemon(home):
        async with bridge(home) as first, bridge(home) as second:
            await first.call("register_agent", name="a", **REGISTRATION)
            await second.call("register_agent", name="b", **REGISTRATION)
            await first.call("send_message", to_agent_name="b", body="hello \u2028 é 😀")
            inbox = await second.call("get_inbox")
    assert "hello \u2028 é 😀" in json.dumps(inbox, ensure_ascii=False)


@pytest.mark.slow
async def test_after_a_coordinator_was_killed_and_started_again_the_agent_is_who_it_was(home: Path) -> None:
    with daemon(home) as (first, port):
        async with bridge(home) as host:
            await host.shake_hands()
            registered = await host.call("register_agent", name="a", **REGISTRATION)
            assert kill(first) == -signal.SIGKILL
            with daemon(home, port=port):
                (agent,) = agents(await host.call("list_agents"))
    assert agent["agent_id"] == registered["agent_id"]


@pytest.mark.slow
async def test_an_idle_agent_is_known_again_to_a_coordinator_that_came_back(home: Path) -> None:
    with daemon(home) as (first, port):
        async with bridge(home) as idle:
            await idle.call("register_agent", name="idle", **REGISTRATION)
            kill(first)
            with daemon(home, port=port):
                await eventually(lambda: "registered again: register_agent" in (home / "xats-tui.log").read_text())


@pytest.mark.slow
async def test_an_idle_agent_does_not_bring_back_a_coordinator_that_the_operator_stopped_but_a_call_does(
    home: Path,
) -> None:
    with daemon(home) as (process, _):
        async with bridge(home, "--port", "0") as host:
            await host.call("register_agent", name="a", **REGISTRATION)
            process.terminate()
            assert process.wait(PATIENCE) == 0
            await asyncio.sleep(1)  # long enough for several tries to connect
            assert coordinators_started(home) == 0
            (agent,) = agents(await host.call("list_agents"))
            assert agent["name"] == "a"
            assert coordinators_started(home) == 1


@pytest.mark.slow
async def test_a_coordinator_that_cannot_start_is_told_to_the_agent(home: Path) -> None:
    (home / "data.db").write_text("this is no database, and long enough to be seen for what it is not: " * 20)
    async with bridge(home, "--port", "0") as host:
        await host.shake_hands()
        answer = await host.call("echo", msg="hi")
    assert answer.startswith("The xats coordinator cannot be reached: ")
    assert "data.db" in answer


@pytest.mark.slow
async def test_the_token_reaches_the_coordinator_that_a_bridge_starts_but_not_its_command_line(home: Path) -> None:
    async with bridge(home, "--port", "0", "--token", "hush") as host:
        assert (await host.call("echo", msg="hi"))["msg"] == "hi"
        record = pid_file.read(home / "daemon.pid")
        assert record is not None
        with suppress(FileNotFoundError):  # where there is no /proc
            assert b"hush" not in Path(f"/proc/{record.pid}/cmdline").read_bytes()


GARBAGE = (b"garbage", b"[]", b"7", b"\xff\xfe", b"", b'{"method": 3, "id": []}', b'{"jsonrpc":"2.0","method":"x"}')


async def test_garbage_does_not_end_the_bridge(home: Path) -> None:
    with pid_file.held(home / "daemon.pid"):
        async with bridge(home) as host:
            for line in GARBAGE:
                host.say(line)
                assert (await host.request("ping"))["result"] == {}, line


@pytest.mark.slow
async def test_answers_under_way_are_given_before_a_host_that_closed_stdin_is_left(home: Path) -> None:
    with daemon(home):
        async with bridge(home) as host:
            host.say(b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}')
            assert host.process.stdin is not None
            host.process.stdin.close()
            assert (await host.hear())["id"] == 1
            assert await host.process.wait() == 0


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_bridge_that_is_told_to_stop_does_so_with_its_stream_open(home: Path, number: signal.Signals) -> None:
    with daemon(home):
        async with bridge(home) as host:
            await host.call("echo", msg="hi")
            host.process.send_signal(number)
            async with asyncio.timeout(PATIENCE):
                assert await host.process.wait() == 0


@pytest.mark.slow
async def test_a_host_that_does_not_read_is_still_served_when_it_does(home: Path) -> None:
    with daemon(home):
        async with bridge(home) as host:
            for number in range(100, 150):
                host.say(f'{{"jsonrpc":"2.0","id":{number},"method":"tools/list"}}'.encode())
            await until_logged_in(host)
            answered = {(await host.hear())["id"] for _ in range(50)}
    assert answered == set(range(100, 150))


async def until_logged_in(host: ScriptedHost) -> None:
    """Let the bridge fill the pipe: its answers are larger than a pipe holds."""
    assert host.process.stdin is not None
    await host.process.stdin.drain()


def agents(answer: Any) -> list[dict[str, Any]]:
    """The agents in an answer of `list_agents`, by name."""
    listed: list[dict[str, Any]] = answer["agents"]
    return sorted(listed, key=lambda agent: str(agent["name"]))
