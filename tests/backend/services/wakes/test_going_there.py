"""The operator goes to an agent's pane, or is told how, and is told of agents in tmux itself."""

import pytest

from tests.backend.services.conftest import Bound
from tests.conftest import Connect
from tests.patience import eventually
from tests.tmux_server import TmuxServer, attached
from xats_tui.backend.coordinator import Coordinator
from xats_tui.core.errors import Refusal
from xats_tui.core.model.activity import Actor
from xats_tui.core.model.panes import PaneRef

pytestmark = pytest.mark.tmux

NOWHERE = PaneRef("", "%999")


async def refused(backend: Coordinator, agent_id: str, seat: PaneRef | None) -> Refusal:
    """Try to take the operator to an agent's pane, and return the refusal."""
    with pytest.raises(Refusal) as refusal:
        await backend.operator.acting(Actor(seat=seat)).go_to(agent_id)
    return refusal.value


async def test_the_operators_client_is_brought_to_the_agents_pane(
    backend: Coordinator, bound: Bound, tmux: TmuxServer
) -> None:
    seat = PaneRef("", tmux.run("display-message", "-p", "#{pane_id}").strip())
    pane = await tmux.stand_in("bob")
    bob = await bound("bob", pane)
    with attached(tmux):
        await eventually(lambda: bool(tmux.run("list-clients")))
        await backend.operator.acting(Actor(seat=seat)).go_to(bob.agent_id)

        assert tmux.run("list-clients", "-F", "#{pane_id}").strip() == pane.pane_id


async def test_whoever_cannot_be_brought_there_is_told_the_way(
    backend: Coordinator, register: Connect, bound: Bound, tmux: TmuxServer
) -> None:
    pane = await tmux.stand_in("bob")
    alice, bob = await register("alice"), await bound("bob", pane)
    seat = PaneRef("", pane.pane_id)

    assert (await refused(backend, "nobody", seat)).code == "unknown_agent"
    assert (await refused(backend, alice.agent_id, seat)).code == "no_pane"
    outside, nested = f"tmux attach -t {pane.pane_id}", f"env -u TMUX tmux attach -t {pane.pane_id}"
    elsewhere = PaneRef("/another/server", "%1")
    for lost, code, by_hand in (
        (None, "not_in_tmux", outside),
        (elsewhere, "other_server", nested),
        (seat, "no_client", outside),
    ):
        refusal = await refused(backend, bob.agent_id, lost)
        assert (refusal.code, refusal.fields) == (code, {"command": by_hand})
    assert (await refused(backend, bob.agent_id, NOWHERE)).code == "pane_gone"
    tmux.end()
    assert (await refused(backend, bob.agent_id, seat)).code == "tmux_failed"


async def test_a_line_in_tmux_needs_a_pane_whose_session_shows_it(backend: Coordinator, tmux: TmuxServer) -> None:
    for seat, code in ((NOWHERE, "pane_gone"), (PaneRef("/no/such/server", "%1"), "tmux_failed")):
        with pytest.raises(Refusal, match=code):
            await backend.operator.acting(Actor(seat=seat)).alert("bob asks")
    with attached(tmux):
        await eventually(lambda: bool(tmux.run("list-clients")))
        seat = PaneRef("", tmux.run("display-message", "-p", "#{pane_id}").strip())
        await backend.operator.acting(Actor(seat=seat)).alert("bob asks")
