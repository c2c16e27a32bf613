"""Repeated registrations: kept and overwritten fields, and the order of checks."""

import asyncio
import json
from typing import Any

import pytest

from tests.patience import PATIENCE
from tests.wire.codex_server import THREAD, codex_server
from tests.wire.coordinator import ended_pid
from tests.wire.processes import SLEEP, outside_tmux
from tests.wire.scenarios.agents import listed
from tests.wire.scenarios.channels import channel, proxy_registration
from tests.wire.scenarios.registration import BOUND, CODEX, UNBOUND, check_hint, rows
from tests.wire.shapes import REGISTERED, exactly
from tests.wire.world import Speaker, World

pytestmark = [pytest.mark.tmux, pytest.mark.asyncio(loop_scope="module")]

CLAUDE = {"client": "claude-code"}


def row(world: World, agent_id: str, *columns: str) -> tuple[Any, ...]:
    """Columns of an agent."""
    (found,) = world.sql(f"SELECT {', '.join(columns)} FROM agents WHERE agent_id = ?", agent_id)
    return found


async def register(world: World, speaker: Speaker, **fields: Any) -> dict[str, Any]:
    """Register as bob and return the answer."""
    return await speaker.call("register_agent", **(world.registration("bob") | fields))


async def test_a_pid_is_kept_until_another_is_given(http_world: World) -> None:
    world, first, second = http_world, ended_pid(), ended_pid()
    bob = await world.nobody()
    agent_id = (await register(world, bob, **CLAUDE, ui_pid=first))["agent_id"]
    await register(world, bob, **CLAUDE)
    assert row(world, agent_id, "runtime_ui_pid") == (first,)
    await register(world, bob, **CLAUDE, ui_pid=second)
    assert row(world, agent_id, "runtime_ui_pid", "runtime_verification_mode") == (second, None)
    await register(world, bob, client="opencode", ui_pid=first)
    assert row(world, agent_id, "runtime_ui_pid") == (second,)


async def test_a_pane_is_kept_by_a_registration_that_finds_none(http_world: World) -> None:
    world, bob, pane = http_world, await http_world.nobody(), await http_world.stand_in("ui", "claude")
    agent_id = (await register(world, bob, **CLAUDE, ui_pid=pane.pid))["agent_id"]
    await register(world, bob, **CLAUDE, ui_pid=ended_pid())
    assert row(world, agent_id, "tmux_pane_id") == (pane.pane_id,)


@pytest.mark.parametrize(("client", "program"), [("opencode", "opencode"), ("codex", "codex")])
async def test_every_client_is_bound_by_its_pid(http_world: World, client: str, program: str) -> None:
    world, bob, pane = http_world, await http_world.nobody(), await http_world.stand_in("ui", program)
    answer = await register(world, bob, client=client, ui_pid=pane.pid)
    exactly(answer, REGISTERED, maybe=BOUND)
    assert row(world, answer["agent_id"], "tmux_pane_id", "runtime_ui_pid") == (pane.pane_id, pane.pid)


async def test_a_custom_agent_is_never_bound_by_itself(http_world: World) -> None:
    world, bob, pane = http_world, await http_world.nobody(), await http_world.stand_in("ui", "claude")
    answer = await register(world, bob, ui_pid=pane.pid)
    check_hint(answer)
    assert row(world, answer["agent_id"], "tmux_pane_id", "runtime_ui_pid") == (None, None)


@pytest.mark.parametrize("client", ["claude-code", "codex", "opencode"])
async def test_w42_nobody_is_bound_to_the_only_pane_of_its_kind(http_world: World, client: str) -> None:
    world = http_world
    await world.stand_in("ui", {"claude-code": "claude"}.get(client, client))
    bob = await world.nobody()
    answer = await register(world, bob, client=client)
    exactly(answer, UNBOUND)
    assert row(world, answer["agent_id"], "tmux_pane_id") == (None,)


async def test_an_app_server_is_not_taken_for_a_codex(http_world: World) -> None:
    world, bob = http_world, await http_world.nobody()
    helper = world.pane([world.tmux.called("codex"), "-c", SLEEP, "app-server"])
    real = world.pane(["bash", "-c", "exec -a 'codex app-server' sleep 60"])
    await world.tmux.wait_until(lambda: world.tmux.formats(real.pane_id, "pane_current_command")[0] != "bash")
    answer = await register(world, bob, client="codex", ui_pid=real.pid)
    assert answer["error"] == "ui_pid_client_mismatch"
    assert helper.pid != real.pid
    assert rows(world) == 0


async def test_a_terminal_outside_tmux_is_no_obstacle(http_world: World) -> None:
    world, bob = http_world, await http_world.nobody()
    async with outside_tmux(world.tmux, "claude", terminal=True) as pid:
        answer = await register(world, bob, **CLAUDE, ui_pid=pid)
    check_hint(answer)
    assert row(world, answer["agent_id"], "runtime_ui_pid", "tmux_pane_id") == (pid, None)


async def test_the_program_is_judged_before_the_delivery(http_world: World) -> None:
    world, bob, pane = http_world, await http_world.nobody(), await http_world.stand_in("ui", "opencode")
    answer = await register(world, bob, **CLAUDE, ui_pid=pane.pid, delivery={"kind": "pigeon"})
    assert answer["error"] == "ui_pid_client_mismatch"


async def test_an_empty_url_is_one_that_was_left_out(http_world: World) -> None:
    world, bob = http_world, await http_world.nobody()
    check_hint(await register(world, bob, client="codex", ws_url=""))
    check_hint(await register(world, bob, client="custom", ws_url=""))


async def test_a_delivery_is_taken_without_a_handshake(http_world: World) -> None:
    world, bob = http_world, await http_world.nobody()
    delivery = {**CODEX, "ws_url": "ws://127.0.0.1:1"}
    answer = await register(world, bob, client="codex", delivery=delivery, thread_id="x", ws_url="ws://127.0.0.1:2")
    assert "agent_id" in answer
    (payload,) = row(world, answer["agent_id"], "delivery_payload")
    assert json.loads(payload) == {"thread_id": THREAD, "ws_url": "ws://127.0.0.1:1"}


async def test_another_client_keeps_the_delivery(http_world: World) -> None:
    world, bob = http_world, await http_world.nobody()
    await register(world, bob, client="codex", delivery=CODEX)
    await register(world, bob, client="opencode")
    agent = (await listed(bob))["bob"]
    assert (agent["client"], agent["delivery"]) == ("opencode", {"kind": "codex-appserver"})


async def test_w8_an_app_server_that_never_answers_ends_the_registration(http_world: World) -> None:
    world, bob = http_world, await http_world.nobody()
    async with codex_server() as server:
        server.unanswered = frozenset({"initialize"})
        async with asyncio.timeout(PATIENCE):
            answer = await bob.call(
                "register_codex_self", name="bob", team=world.team, thread_id=THREAD, ws_url=server.url
            )
    assert answer["error"] == "unsupported_client"
    assert rows(world) == 0


async def test_a_channel_of_its_own_pid_may_be_named(http_world: World) -> None:
    world, bob, pane = http_world, await http_world.nobody(), await http_world.stand_in("ui", "claude")
    async with channel(world, world.team, pane.pid):
        answer = await register(world, bob, **CLAUDE, ui_pid=pane.pid, channel_session_id=world.team)
        assert "agent_id" in answer
        assert (await listed(bob))["bob"]["channel_session_id"] == world.team
        assert row(world, answer["agent_id"], "tmux_pane_id") == (pane.pane_id,)


async def test_w44_a_host_follows_its_channel_into_every_team(http_world: World) -> None:
    world, pane = http_world, await http_world.stand_in("ui", "claude")
    hosts = [await world.nobody() for _ in range(2)]
    for host, team in zip(hosts, (world.team, world.team + "-b"), strict=True):
        await host.call("register_claude_self", name="bob", team=team, ui_pid=pane.pid)
    codex = await world.agent("carol", client="codex", delivery=CODEX)
    world.sql("UPDATE agents SET runtime_ui_pid = ? WHERE agent_id = ?", pane.pid, codex.agent_id)
    async with channel(world, world.team, pane.pid):
        for host in hosts:
            assert (await listed(host))["bob"]["channel_session_id"] == world.team
        assert (await listed(codex))["carol"]["delivery"] == {"kind": "codex-appserver"}


async def test_a_proxy_is_named_by_its_role_only(http_world: World) -> None:
    world, nobody = http_world, await http_world.nobody()
    plain = proxy_registration(world.team, 1)
    is_error, text = await nobody.ask("register_agent", {**plain, "role": "default"})
    assert is_error
    assert [issue["path"] for issue in json.loads(text)] == [["claude_ui_pid"]]
    refused = await nobody.call("register_agent", **world.registration("bob", role="__other__"))
    assert refused["error"] == "invalid_role"


async def test_one_session_may_become_another_agent(http_world: World) -> None:
    world, speaker = http_world, await http_world.agent("alice")
    first = speaker.agent_id
    await speaker.call("register_agent", **world.registration("bob"))
    await speaker.call("send_message", to_agent_name="alice", body="x")
    assert list(await listed(speaker)) == ["alice", "bob"]
    await speaker.call("register_agent", **world.registration("alice"))
    assert speaker.agent_id == first
    (message,) = (await speaker.call("get_inbox"))["messages"]
    assert message["from_name"] == "bob"


async def test_a_registration_that_fails_leaves_the_session_who_it_was(http_world: World) -> None:
    world, alice = http_world, await http_world.agent("alice")
    for bad in ({"delivery": {"kind": "pigeon"}}, {"name": "operator"}, {**CLAUDE, "channel_session_id": "nobody"}):
        assert "error" in await register(world, alice, **bad)
    assert list(await listed(alice)) == ["alice"]


async def test_a_launcher_registers_two_panes_and_each_codex_finds_its_own(http_world: World) -> None:
    world, panes = http_world, []
    for number in range(2):
        xats_agent_id = f"{number}0000000-0000-4000-8000-{abs(hash(world.team)) % 10**12:012d}"
        told = ["--remote", "ws://127.0.0.1:1", "-c", f'xats.agent_id="{xats_agent_id}"']
        pane = world.pane([world.tmux.called("codex"), "-c", SLEEP, *told])
        panes.append((pane, xats_agent_id))
    nobody = await world.nobody()
    for pane, xats_agent_id in panes:
        await nobody.call("pre_register_codex_pane", pane_id=pane.pane_id, xats_agent_id=xats_agent_id)
    ambiguous = await register(world, nobody, client="codex")
    exactly(ambiguous, UNBOUND)
    left = world.sql(
        "SELECT count(*) FROM codex_pane_pre_registrations WHERE pane_id IN (?, ?)", *[p.pane_id for p, _ in panes]
    )
    assert left == [(2,)]
    world.sql("DELETE FROM codex_pane_pre_registrations WHERE pane_id = ?", panes[0][0].pane_id)
    answer = await register(world, nobody, client="codex")
    assert row(world, answer["agent_id"], "tmux_pane_id") == (panes[1][0].pane_id,)
