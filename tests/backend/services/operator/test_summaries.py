"""The summary of a span of time: what happened since a moment, and what did not has no line."""

from datetime import timedelta

from tests.conftest import Connect, Sql
from tests.patience import eventually
from tests.told_dialogs import tell
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.store.history import happenings
from xats_tui.core.clock import to_wire
from xats_tui.core.model.activity import Happening, Summary
from xats_tui.screens.details.summary import notes_of

SCHEMA = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
OTHER = {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}


async def since(backend: Coordinator, minutes: float, team: str | None = None) -> Summary:
    return await backend.operator.since(backend.clock.now() - timedelta(minutes=minutes), team)


async def test_nothing_that_happened_is_an_empty_summary(backend: Coordinator) -> None:
    assert (await since(backend, 10)).lines == ()


async def test_everything_that_happened_is_counted_with_its_details(
    backend: Coordinator, register: Connect, sql: Sql
) -> None:
    alice, bob = await register("alice", team="shop"), await register("bob", team="shop")
    await alice.call("send_message", to_agent_name="bob", body="hello")
    await alice.call("send_message", to_agent_name="operator", subject="please look", body="now")
    task = await alice.call("task_add", title="build the cart")
    await bob.call("task_claim", task_id=task["task_id"])
    await bob.call("task_complete", task_id=task["task_id"])
    for schema in (SCHEMA, OTHER):
        await alice.call("register_contract", name="cart", schema=schema, format="jsonschema")
    dialog = tell(backend, bob.agent_id, "rm -rf build").dialog
    await eventually(lambda: sql("SELECT 1 FROM events WHERE event_type = 'dialog_opened'"))
    sql("UPDATE message_delivery_status SET wake_status = 'failed', due_at = NULL, detail = 'no_pane: none'")

    lines = {line.kind: line for line in (await since(backend, 10, "shop")).lines}

    assert {kind: line.count for kind, line in lines.items()} == {
        Happening.TO_YOU: 1,
        Happening.MESSAGES: 2,
        Happening.WAKES: 1,
        Happening.WAKES_FAILED: 1,
        Happening.DIALOGS: 1,
        Happening.TASKS_DONE: 1,
        Happening.CONTRACTS: 2,
        Happening.CONTRACTS_BROKEN: 1,
        Happening.CAME: 2,
    }
    assert [(note.who, note.what) for note in lines[Happening.TO_YOU].notes] == [("alice", "please look")]
    assert [(note.what, note.count) for note in lines[Happening.WAKES_FAILED].notes] == [("no_pane: none", 1)]
    assert [(note.who, note.what) for note in lines[Happening.TASKS_DONE].notes] == [("bob", "build the cart")]
    assert [note.what for note in lines[Happening.CONTRACTS_BROKEN].notes] == ["cart v2"]
    (stands,) = lines[Happening.DIALOGS].notes
    assert (stands.who, stands.what, stands.is_open) == ("bob", "Bash: rm -rf build", True)
    assert stands.duration is not None and stands.duration >= timedelta()
    assert dialog.agent_id == bob.agent_id


async def test_equal_names_of_several_teams_are_told_with_their_teams(
    backend: Coordinator, register: Connect, sql: Sql
) -> None:
    ours, theirs = await register("bob", team="shop"), await register("bob", team="docs")
    await ours.call("send_message", to_agent_name="operator", subject="look", body="now")
    for bob in (ours, theirs):
        await bob.call("register_contract", name="cart", schema=SCHEMA, format="jsonschema")
        agent = await backend.registry.by_id(bob.agent_id)
        assert agent
        async with backend._database.write() as tx:
            await happenings.note_lost(tx, agent)

    lines = {line.kind: line for line in (await since(backend, 10)).lines}

    assert [note.who for note in lines[Happening.TO_YOU].notes] == ["bob@shop"]
    assert {note.who for note in lines[Happening.LOST].notes} == {"bob@shop", "bob@docs"}
    assert {(note.who, note.what) for note in lines[Happening.CONTRACTS].notes} == {
        ("bob@shop", "cart@shop v1"),
        ("bob@docs", "cart@docs v1"),
    }
    assert {notes_of(lines[Happening.CAME])} <= {"bob@shop, bob@docs", "bob@docs, bob@shop"}
    await theirs.call("unregister_self")
    (left,) = [line for line in (await since(backend, 10)).lines if line.kind is Happening.LEFT]
    assert notes_of(left) == f"bob ({theirs.agent_id[:8]})@docs"


async def test_what_happened_before_the_moment_or_in_another_team_is_not_counted(
    backend: Coordinator, register: Connect, sql: Sql
) -> None:
    alice, _ = await register("alice", team="shop"), await register("bob", team="shop")
    await alice.call("send_message", to_agent_name="bob", body="hello")
    long_ago = to_wire(backend.clock.now() - timedelta(hours=2))

    assert {line.kind for line in (await since(backend, 10)).lines} >= {Happening.MESSAGES, Happening.CAME}
    assert (await since(backend, 10, "another")).lines == ()
    sql(f"UPDATE events SET created_at = '{long_ago}'")
    sql(f"UPDATE agents SET registered_at = '{long_ago}'")
    sql(f"UPDATE message_delivery_status SET queued_at = '{long_ago}'")
    assert (await since(backend, 60)).lines == ()


async def test_how_long_an_answered_dialog_stood_is_told(backend: Coordinator, register: Connect, sql: Sql) -> None:
    bob = await register("bob")
    dialog = tell(backend, bob.agent_id, opened_at=backend.clock.now() - timedelta(minutes=7)).dialog
    await eventually(lambda: sql("SELECT 1 FROM events WHERE event_type = 'dialog_opened'"))
    backend.states.close_dialog(dialog.id)
    await eventually(lambda: sql("SELECT 1 FROM events WHERE event_type = 'dialog_ended'"))

    (line,) = [line for line in (await since(backend, 10)).lines if line.kind is Happening.DIALOGS]
    (note,) = line.notes
    assert note.duration is not None
    assert (note.is_open, note.duration.total_seconds() // 60) == (False, 7)


async def test_an_agent_that_left_is_counted_until_it_returns(backend: Coordinator, register: Connect) -> None:
    bob = await register("bob", team="shop")
    await bob.call("unregister_self")

    (line,) = (await since(backend, 10)).lines
    assert (line.kind, [(note.who, note.what) for note in line.notes]) == (Happening.LEFT, [("bob", "shop")])


async def test_an_agent_that_was_lost_is_counted_until_it_calls_again(
    backend: Coordinator, register: Connect, sql: Sql
) -> None:
    bob = await register("bob")
    agent = await backend.registry.by_id(bob.agent_id)
    assert agent
    for _ in range(2):
        async with backend._database.write() as tx:
            await happenings.note_lost(tx, agent)

    (line,) = [line for line in (await since(backend, 10)).lines if line.kind is Happening.LOST]
    assert (line.count, [(note.who, note.count) for note in line.notes]) == (1, [("bob", 2)])
    await eventually(lambda: sql("SELECT max(created_at) < strftime('%Y-%m-%dT%H:%M:%fZ') FROM events") == [(1,)])
    await bob.call("whoami")
    assert Happening.LOST not in {line.kind for line in (await since(backend, 10)).lines}
