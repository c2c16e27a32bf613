"""The bus: every listener, every event, in order, whatever another listener does."""

from xats_tui.core import events
from xats_tui.core.events import AgentChanged, Event, EventBus, Scope


def changes(*agent_ids: str) -> list[Event]:
    return [AgentChanged(agent_id=agent_id) for agent_id in agent_ids]


def test_every_listener_hears_every_event_in_order() -> None:
    bus = EventBus()
    one: list[Event] = []
    other: list[Event] = []
    bus.listen(one.append)
    bus.listen(other.append)

    bus.publish(changes("a", "b"))
    bus.publish(changes("c"))

    assert one == other == changes("a", "b", "c")


def test_a_listener_that_left_hears_nothing_more() -> None:
    bus = EventBus()
    heard: list[Event] = []
    leave = bus.listen(heard.append)
    bus.publish(changes("a"))
    leave()

    bus.publish(changes("b"))

    assert heard == changes("a")


def test_a_listener_that_raises_does_not_keep_the_others_from_hearing() -> None:
    def fail(event: Event) -> None:
        raise RuntimeError

    bus = EventBus()
    heard: list[Event] = []
    bus.listen(fail)
    bus.listen(heard.append)

    bus.publish(changes("a", "b"))

    assert heard == changes("a", "b")


def test_a_listener_may_leave_while_it_hears() -> None:
    bus = EventBus()
    heard: list[Event] = []

    def hear_once(event: Event) -> None:
        heard.append(event)
        leave()

    leave = bus.listen(hear_once)
    bus.listen(heard.append)

    bus.publish(changes("a"))
    bus.publish(changes("b"))

    assert heard == changes("a", "a", "b")


def test_every_event_makes_something_stale() -> None:
    for kind in events.Event.__args__:
        assert kind.scopes
        assert kind.scopes <= set(Scope), kind
