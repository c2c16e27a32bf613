"""The ways to an agent: what each transport says of it, what would give it a better one, and which was used last."""

import pytest

from tests.backend.services.wakes.test_hooks import SESSION, hook, registered
from tests.conftest import Connect
from tests.scene import WakeScene
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.hook_reports import HookReports
from xats_tui.backend.services.wakes.ways import Ways
from xats_tui.backend.store.sql.database import Database
from xats_tui.core.clock import SystemClock
from xats_tui.core.errors import Refusal
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.wakes import DeliveryResult, Gate, Observation, Reachability
from xats_tui.core.model.ways import Way, WayState
from xats_tui.core.transport import IntervalWatch

SHUT = Gate(name="dialog", holds=False, detail="a permission prompt is open")


class PlayedTransport:
    """A transport that sees what a test says; it must never deliver."""

    types = False

    def __init__(self, name: str, seen: Observation | Exception | None, *, missing: str = "") -> None:
        self.name = name
        self._seen = seen
        self._missing = missing

    def serves(self, agent: Agent) -> bool:
        return self._seen is not None

    def missing(self, agent: Agent) -> str:
        return self._missing

    async def readiness(self, agent: Agent, *, urgent: bool = False) -> Observation:
        if isinstance(self._seen, Exception):
            raise self._seen
        assert self._seen is not None
        return self._seen

    async def deliver(self, agent: Agent, hint: str, *, forced: bool = False, urgent: bool = False) -> DeliveryResult:
        raise AssertionError("a look delivers nothing")

    def watch(self, agent: Agent) -> IntervalWatch:
        return IntervalWatch(SystemClock())


def seen(reach: Reachability, *gates: Gate, is_taken: bool = False) -> Observation:
    return Observation(reach=reach, detail=gates[0].told if gates else reach.value, gates=gates, is_taken=is_taken)


OBSERVATIONS = [
    (seen(Reachability.OPEN), WayState.OPEN, "open"),
    (seen(Reachability.OPEN, SHUT), WayState.WAITS, "dialog: a permission prompt is open"),
    (seen(Reachability.OPEN, SHUT, is_taken=True), WayState.OPEN, "dialog: a permission prompt is open"),
    (seen(Reachability.UNUSABLE), WayState.UNUSABLE, "unusable"),
    (seen(Reachability.NO_PANE), WayState.UNUSABLE, "no_pane"),
    (seen(Reachability.AGENT_GONE), WayState.UNUSABLE, "agent_gone"),
    (seen(Reachability.BROKEN), WayState.BROKEN, "broken"),
    (ValueError("odd"), WayState.BROKEN, "failed unexpectedly (ValueError); the log has the details"),
]


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(("observation", "state", "detail"), OBSERVATIONS)
async def test_a_way_is_what_its_transport_sees(
    backend: Coordinator, register: Connect, observation: Observation | Exception, state: WayState, detail: str
) -> None:
    agent_id = (await register("ann")).agent_id
    ways = Ways(backend.operator.part(Database), (PlayedTransport("played", observation),), HookReports())
    assert await ways.of(agent_id) == (Way(name="played", types=False, state=state, detail=detail),)


async def test_what_is_missing_is_told_by_the_transport_or_left_out(backend: Coordinator, register: Connect) -> None:
    agent_id = (await register("ann")).agent_id
    transports = (PlayedTransport("foreign", None), PlayedTransport("lost", None, missing="start it with --port"))
    ways = Ways(backend.operator.part(Database), transports, HookReports())
    assert [(way.name, way.state, way.detail) for way in await ways.of(agent_id)] == [
        ("lost", WayState.MISSING, "start it with --port")
    ]


MISSING = [
    ("custom", {"tmux-pane": "register again"}),
    ("claude-code", {"turn-end-hook": "xats-tui setup claude-code", "tmux-pane": "register again"}),
    ("codex", {"codex-appserver": "xats-tui launch codex --app-server", "tmux-pane": "register again"}),
    ("opencode", {"opencode-server": "xats-tui launch opencode", "tmux-pane": "register again"}),
    ("kilo", {"opencode-server": "KILO_SERVER_PASSWORD=… kilo --port 0", "tmux-pane": "register again"}),
    ("qwen", {"session-inbox": "register again", "tmux-pane": "register again"}),
]


@pytest.mark.parametrize(("client", "missing"), MISSING)
async def test_an_agent_that_cannot_be_reached_is_told_what_would_give_it_each_way(
    backend: Coordinator, register: Connect, client: str, missing: dict[str, str]
) -> None:
    agent_id = (await register("ann", client=client)).agent_id
    found = {way.name: way for way in await backend.operator.ways(agent_id)}
    assert {found[name].state for name in missing} <= {WayState.MISSING, WayState.UNKNOWN}
    assert all(fix in found[name].detail for name, fix in missing.items())
    assert not [way for way in found.values() if way.leads_to_agent]


async def test_hooks_that_report_are_a_way_at_the_end_of_a_turn(backend: Coordinator, connect: Connect) -> None:
    await registered(connect, "bob", client="claude-code")
    (agent,) = [entry.agent for entry in await backend.operator.roster()]
    await hook(backend, "UserPromptSubmit", prompt="hello")
    (way,) = [way for way in await backend.operator.ways(agent.agent_id) if way.name == "turn-end-hook"]
    assert (way.state, way.leads_to_agent) == (WayState.TURN_END, False)
    assert SESSION not in way.detail


async def test_an_agent_that_left_has_no_ways(backend: Coordinator) -> None:
    with pytest.raises(Refusal, match="unknown_agent"):
        await backend.operator.ways("nobody")


@pytest.mark.tmux
async def test_the_way_that_was_used_last_is_known_from_the_history(scene: WakeScene) -> None:
    await scene.quiet()
    await scene.send()
    await scene.shows("took 1")

    (way,) = await scene.backend.operator.ways(scene.bob.agent_id)

    assert (way.name, way.types) == ("tmux-pane", True)
    assert way.last_used_at is not None
