"""The states of agents are stored when they change, so that the past can tell them; what was never seen is unknown."""

from pathlib import Path

from tests.properties.world import World
from xats_tui.backend.services.agents.presence import Presence
from xats_tui.backend.services.operator.past import Past
from xats_tui.backend.services.upkeep.state_log import StateLog
from xats_tui.backend.store.past import moments
from xats_tui.core.events import ClientStateChanged
from xats_tui.core.model.activity import Moment
from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.model.client_states import StateSource, ToldState
from xats_tui.core.model.panes import PaneState


def moment_of(world: World) -> Moment:
    found = world.look(moments.newest(world.database))
    assert found is not None
    return found


def test_the_past_tells_the_state_of_an_agent_then_and_nothing_that_was_not_seen(tmp_path: Path) -> None:
    world = World(tmp_path)
    past = Past(world.database)
    try:
        world.connect("ann")
        agent_id = world.call("ann", "register_agent", name="ann", client="custom", model="m", team="red")["agent_id"]
        presence = Presence(world.sessions, world.monitor, world.processes, world.clock)
        log = StateLog(world.database, world.monitor, world.states, presence, world.clock)

        def then(moment: Moment) -> RosterEntry:
            return world.look(past.roster(moment))[0]

        unseen = moment_of(world)
        kept = []
        for state in (PaneState.BUSY, PaneState.BUSY, PaneState.IDLE):
            told = ToldState(state=state, detail="", source=StateSource.EXTENSION, at=world.clock.now())
            world.states.note(agent_id, StateSource.EXTENSION, told)
            log.hear(ClientStateChanged(agent_id=agent_id))
            world.look(log.keep())
            kept.append(moment_of(world))

        assert kept[0] == kept[1]  # the same again is no news
        states = [then(moment).state for moment in (kept[0], kept[2])]
        assert [state.state for state in states if state] == [PaneState.BUSY, PaneState.IDLE]
        assert then(kept[0]).past is not None and then(kept[0]).online
        before = then(unseen).past
        assert before is not None and before.state is None and before.online is None
    finally:
        world.look(past.close())
        world.close()
