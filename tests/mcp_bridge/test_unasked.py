"""A name in a bridge's configuration takes no living agent's place: health checks and second windows start it, too.

The agent is `host_in_pane.py` with a real bridge in a real pane; what comes second is another real bridge.
"""

import json
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.commands.processes import XATS, daemon, kill
from tests.conftest import Connect, Sql
from tests.mcp_bridge.host import PATIENT, ScriptedHost, bridge
from tests.mcp_bridge.test_self_registration import HOST_IN_PANE
from tests.patience import eventually
from tests.tmux_server import Pane, TmuxServer
from xats_tui.backend.coordinator import Coordinator
from xats_tui.runtime.settings import Settings

NAMED = ("--name", "ann", "--team", "shop")

pytestmark = pytest.mark.tmux


@pytest.fixture
async def agent(backend: Coordinator, tmux: TmuxServer) -> Pane:
    """ann of shop, a Claude Code in a pane that has called for its registration."""
    return await started(tmux, backend.settings)


async def started(tmux: TmuxServer, settings: Settings, program: str = "claude") -> Pane:
    """An agent in a pane that has registered as ann of shop."""
    command = [*XATS, "mcp", f"--home={settings.home}", "--team=shop"]
    pane = tmux.new_pane([tmux.called(program), str(HOST_IN_PANE), "claude-code", "ann", "--", *command])
    await tmux.wait_for(pane.pane_id, "registered>")
    return pane


@asynccontextmanager
async def another(settings: Settings, *arguments: str) -> AsyncIterator[tuple[ScriptedHost, str]]:
    """A second bridge with the same entry, and the instructions that it was greeted with."""
    async with bridge(settings.home, *(arguments or NAMED), program=PATIENT) as host:
        yield host, str((await host.shake_hands())["instructions"])


def row(sql: Sql) -> dict[str, Any]:
    """All that the database says of the only agent."""
    names = [name for _, name, *_ in sql("SELECT * FROM pragma_table_info('agents')")]
    (values,) = sql("SELECT * FROM agents")
    return dict(zip(names, values, strict=True))


@pytest.mark.slow
async def test_a_health_check_changes_nothing(agent: Pane, settings: Settings, sql: Sql) -> None:
    before, sessions = row(sql), sql("SELECT session_id, superseded_at FROM sessions")
    async with another(settings) as (host, _):
        await host.request("tools/list")
        await host.leave()

    assert row(sql) == before
    assert sql("SELECT session_id, superseded_at FROM sessions") == sessions


@pytest.mark.slow
async def test_a_second_window_is_told_who_has_the_name_and_gets_no_mail_of_it(
    agent: Pane, backend: Coordinator, settings: Settings, connect: Connect, sql: Sql
) -> None:
    before = row(sql)
    bob = await connect()
    await bob.register("bob", team="shop")
    await bob.call("send_message", to_agent_name="ann", body="for the first window", auto_poke=False)
    async with another(settings) as (host, instructions):
        answer, me = await host.call("get_inbox"), await host.call("whoami")

    told = f"ann@shop is another claude-code in pane {agent.pane_id} (process {agent.pid}), and is alive"
    assert f"You are not registered: {told}" in instructions
    assert answer["error"] == "unknown_agent" and told in answer["detail"]
    assert me["registered"] is False and told in me["hint"]
    assert sql("SELECT read_at FROM messages") == [(None,)]
    sql("DELETE FROM agents WHERE name = 'bob'")
    assert row(sql) == before


@pytest.mark.slow
async def test_a_second_window_that_calls_for_the_name_gets_it_aloud(
    agent: Pane, backend: Coordinator, settings: Settings, tmux: TmuxServer, sql: Sql, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    (first,) = backend.sessions.all_of(row(sql)["agent_id"])
    async with another(settings) as (host, _):
        answer = await host.call("register_agent", name="ann", team="shop")

    assert answer["agent_id"] == row(sql)["agent_id"]
    assert first.superseded is not None
    sentence = f"took the name of ann@shop (claude-code in pane {agent.pane_id}, process {agent.pid})"
    assert any(sentence in notice.text for notice in backend.notices.latest)
    assert sentence in caplog.text
    ((actor, verb, detail),) = sql("SELECT actor, verb, detail FROM activity")
    assert (actor, verb, sentence in detail) == ("ann@shop", "take over", True)


@pytest.mark.slow
async def test_what_another_runtime_takes_over_is_its_own_altogether(agent: Pane, settings: Settings, sql: Sql) -> None:
    """Neither pane nor process nor session of the former program stay with a name that another one has."""
    assert row(sql)["tmux_pane_id"] == agent.pane_id
    async with another(settings) as (host, _):
        await host.call("register_agent", name="ann", team="shop")
        now = row(sql)

    assert (now["client"], now["client_name"]) == ("custom", "host")
    assert (now["tmux_pane_id"], now["runtime_ui_pid"], now["host_session"]) == (None, None, None)


async def test_a_window_that_stands_by_gets_the_name_when_the_agent_has_ended(
    agent: Pane, settings: Settings, sql: Sql, tmux: TmuxServer
) -> None:
    async with another(settings):
        assert row(sql)["client"] == "claude-code"
        tmux.send(agent.pane_id, "C-d")
        await eventually(lambda: row(sql)["client"] == "custom")


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("program", ["claude", "node"])
async def test_a_bridge_that_its_host_starts_anew_goes_on_as_the_agent(
    backend: Coordinator, settings: Settings, tmux: TmuxServer, sql: Sql, program: str
) -> None:
    """The parentage of both bridges shows one program, whose name need not tell."""
    pane = await started(tmux, settings, program)
    before = row(sql)
    (first,) = backend.sessions.all_of(before["agent_id"])
    tmux.send(pane.pane_id, "again", "Enter")
    await tmux.wait_for(pane.pane_id, "registered again>")

    assert first.superseded is None
    assert len(backend.sessions.all_of(before["agent_id"])) == 2
    assert {key: value for key, value in row(sql).items() if "_at" not in key} == {
        key: value for key, value in before.items() if "_at" not in key
    }
    assert not [notice for notice in backend.notices.latest if "took" in notice.text]


@pytest.mark.slow
async def test_a_check_that_comes_first_after_a_restart_does_not_get_the_name(home: Path) -> None:
    """Its process is all that tells of an agent whose bridge has not come back yet: it was seen, and lives."""
    with daemon(home) as (first, port):
        async with bridge(home, *NAMED, program=PATIENT) as host:
            assert "registered as ann@shop" in (await host.shake_hands())["instructions"]
            assert (await host.call("whoami"))["name"] == "ann"
            host.process.send_signal(signal.SIGSTOP)
            kill(first)
            with daemon(home, port=port):
                async with bridge(home, *NAMED, program=PATIENT) as check:
                    assert "ann@shop is another host, and is alive" in (await check.shake_hands())["instructions"]
                host.process.send_signal(signal.SIGCONT)
                assert (await host.call("whoami"))["name"] == "ann"


@pytest.mark.slow
async def test_a_name_that_was_taken_over_while_its_bridge_was_away_is_not_taken_back(home: Path) -> None:
    with daemon(home) as (first, port):
        async with bridge(home) as host:
            await host.shake_hands()
            await host.call("register_agent", name="ann", team="shop")
            host.process.send_signal(signal.SIGSTOP)
            kill(first)
            with daemon(home, port=port):
                async with bridge(home) as taker:
                    await taker.shake_hands()
                    await taker.call("register_agent", name="ann", team="shop")
                    host.process.send_signal(signal.SIGCONT)
                    answer = await host.call("get_inbox")
                    # a bridge that has not noticed yet that it was cut off calls in its former session
                    is_superseded = answer["error"] == "superseded" and "ann@shop" in answer["detail"]
                    assert is_superseded or "ann@shop is another host, and is alive" in answer["detail"]
                    assert (await taker.call("whoami"))["name"] == "ann"


async def test_a_process_that_was_shown_is_not_taken_by_whoever_names_it(
    agent: Pane, register: Connect, tmux: TmuxServer, sql: Sql
) -> None:
    eve = await register("eve", team="shop")
    bound = await eve.call("bind_runtime_identity", agent="claude-code", ui_pid=agent.pid)
    by_tty = await eve.call(
        "bind_runtime_identity", agent="claude-code", ui_tty=tmux.tty(agent.pane_id), tmux_pane_id=agent.pane_id
    )
    registered = await eve.register("mallory", client="claude-code", ui_pid=agent.pid)

    for answer in (bound, by_tty):
        assert answer["error"] == "pane_in_use"
        assert "ann@shop" in answer["detail"]
    assert "bound" not in registered and "ann@shop" in registered["hint"]
    assert sql("SELECT name FROM agents WHERE tmux_pane_id IS NOT NULL") == [("ann",)]


async def test_a_client_is_what_runs_in_its_pane_whatever_its_model_says(
    backend: Coordinator, settings: Settings, tmux: TmuxServer, sql: Sql
) -> None:
    command = [*XATS, "mcp", f"--home={settings.home}"]
    host = [tmux.called("claude"), str(HOST_IN_PANE), "claude-code", "ann", "--as", "custom", "--", *command]
    pane = tmux.new_pane(host)
    screen = await tmux.wait_for(pane.pane_id, "registered>")

    assert json.loads(screen.split("registered>")[0].replace("\n", ""))["client"] == "claude-code"
    assert (row(sql)["client"], row(sql)["client_name"], row(sql)["tmux_pane_id"]) == (
        "claude-code",
        None,
        pane.pane_id,
    )


async def test_the_process_behind_a_connection_is_told_by_the_system(
    agent: Pane, backend: Coordinator, sql: Sql
) -> None:
    (session,) = backend.sessions.all_of(row(sql)["agent_id"])
    assert session.process is not None
    above = [one.pid for one in psutil.Process(session.process.pid).parents()]

    assert agent.pid in above
    assert session.process.pid != os.getpid()
    assert row(sql)["runtime_proved"] == 1
