"""Agents that a registration displaces, and the program behind a connection."""

from typing import Any

import pytest

from tests.backend.services.wakes.test_policy import an_agent
from tests.conftest import Connect
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.services.agents.applications import RegistrationRequest
from xats_tui.backend.services.agents.runtimes import NameHolder, Runtime, hosts_in, shown_by
from xats_tui.backend.system.processes import Process
from xats_tui.core.model.agents import Agent, SeenProcess
from xats_tui.core.records import replace

BRIDGE = "python3 -P -m xats_tui mcp"


def line(*commands: str, tty: str | None = "pts/1") -> tuple[Process, ...]:
    """Processes one above the other, the nearest first, with the pids 10, 11, …"""
    return tuple(
        Process(pid=pid, started_at=float(pid), name=command.split()[0], command=tuple(command.split()), tty=tty)
        for pid, command in enumerate(commands, 10)
    )


@pytest.mark.parametrize(
    ("commands", "hosts"),
    [
        ((BRIDGE, "claude", "bash", "tmux"), [11]),
        ((BRIDGE, "uv tool run", "sh -c xats-tui", "claude", "zsh"), [13]),
        ((BRIDGE, "codex", "node /usr/bin/codex", "bash"), [11, 12]),
        ((BRIDGE, "codex app-server", "node /usr/bin/codex", "bash"), [11]),
        ((BRIDGE, "claude -p nested", "bash -c x", "claude"), [11]),
        ((BRIDGE, "node cli.js", "bash"), [11]),
        (("claude", "bash"), [10]),
        (("curl http://x", "bash -c x", "claude", "bash"), [12]),
        ((BRIDGE,), []),
        ((), []),
    ],
)
def test_the_program_that_a_connection_is_made_for_is_the_nearest_that_starts_no_other(
    commands: tuple[str, ...], hosts: list[int]
) -> None:
    assert [one.pid for one in hosts_in(line(*commands))] == hosts


def test_a_process_is_a_proof_where_it_is_shown_named_and_has_a_terminal() -> None:
    shown = line(BRIDGE, "claude", "bash")

    assert Runtime(ui_pid=11, line=shown).proofs == {"ui:11@11"}
    assert Runtime(ui_pid=12, line=shown).proofs == frozenset(), "it is not what the connection is made for"
    assert Runtime(line=shown).proofs == frozenset(), "it is not named"
    assert Runtime(ui_pid=11, line=line(BRIDGE, "cline", tty=None)).proofs == frozenset(), "it may have many windows"
    assert Runtime(ui_pid=11, instance="i").proofs == {"instance:i"}, "nothing is shown"


HOOK = "python3 /bin/xats-tui hook --client gemini"


@pytest.mark.parametrize(
    ("commands", "tty", "found"),
    [
        ((HOOK, "sh -c xats-tui", "node /bin/gemini", "node /bin/gemini", "bash"), "pts/1", True),
        ((HOOK, "node /bin/gemini", "bash"), "pts/1", False),
        ((HOOK, "sh -c xats-tui", "cline"), None, False),
        ((HOOK, "claude", "node /bin/gemini"), "pts/1", False),
        ((), None, False),
    ],
    ids=["its own", "another one's", "of all windows", "below it", "unknown"],
)
def test_a_hook_shows_the_agent_whose_own_program_runs_it(
    commands: tuple[str, ...], tty: str | None, found: bool
) -> None:
    agent = replace(an_agent(), process=SeenProcess(12, 12.0))

    assert (shown_by(line(*commands, tty=tty), [an_agent(), agent]) is agent) == found


@pytest.mark.parametrize(
    ("asked", "may_have"),
    [
        (RegistrationRequest.EXPLICITLY, {NameHolder.NOBODY, NameHolder.SAME, NameHolder.OTHER}),
        (RegistrationRequest.CALLED, {NameHolder.NOBODY, NameHolder.SAME}),
        (RegistrationRequest.AGAIN, {NameHolder.NOBODY, NameHolder.SAME}),
        (RegistrationRequest.WAITING, {NameHolder.NOBODY}),
    ],
)
def test_only_what_a_model_calls_for_takes_the_place_of_another_runtime(
    asked: RegistrationRequest, may_have: set[NameHolder]
) -> None:
    assert {holder for holder in NameHolder if asked.may_have(holder)} == may_have


@pytest.mark.parametrize("left", [False, True])
async def test_a_window_that_has_gone_on_to_another_thread_keeps_its_name(
    backend: Coordinator, register: Connect, connect: Connect, left: bool
) -> None:
    """Codex keeps threads that no window shows any more; their bridges go on, too."""

    async def is_left(agent: Agent) -> bool:
        return left

    backend.runtimes.is_left = is_left
    old, new = await register("bob"), await connect()
    unasked: Any = {"xats/unasked": "waiting"}
    await new.client.call_tool("register_agent", {"name": "bob", "client": "codex"}, meta=unasked)

    assert [(await session.call("whoami"))["registered"] for session in (old, new)] == [not left, left]
    assert not backend.notices.latest, "nobody who works there has lost anything"
