"""Calls that show that an agent is there, and the exact form of a difference between two schemas."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.wire.coordinator import Coordinator
from tests.wire.doors import HttpDoor
from tests.wire.scenarios.broadcasts import LONG_AGO
from tests.wire.scenarios.contracts import an_object, diff_of
from tests.wire.world import Speaker


@pytest.fixture
async def door(coordinator: Coordinator) -> AsyncIterator[HttpDoor]:
    """MCP over HTTP."""
    door = HttpDoor(coordinator)
    yield door
    await door.close()


async def agent(door: HttpDoor, team: str) -> Speaker:
    """A registered client."""
    speaker = Speaker(await door.fresh(), set())
    await speaker.call("register_agent", client="custom", model="m", name="alice", team=team)
    return speaker


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    ("tool", "arguments", "touches"),
    [
        ("list_agents", {}, True),
        ("get_inbox", {"since_event_id": 0}, True),
        ("task_claim", {"task_id": "nothing"}, True),
        ("send_message", {"to_agent_name": "nobody", "body": "x"}, True),
        ("bind_runtime_identity", {"agent": "codex", "ui_tty": "?", "tmux_pane_id": "%1"}, True),
        ("detect_tmux_pane", {"agent": "codex"}, True),
        ("pre_register_codex_pane", {"pane_id": "%9010", "xats_agent_id": "x"}, True),
        ("echo", {"msg": "x"}, False),
        ("task_claim", {}, False),
        ("task_list", {"status": "none"}, False),
        ("bind_runtime_identity", {"agent": "codex"}, False),
        ("no_such_tool", {}, False),
    ],
)
async def test_a_call_touches_its_agent_as_in_the_reference(
    door: HttpDoor, coordinator: Coordinator, tool: str, arguments: dict[str, Any], touches: bool
) -> None:
    alice = await agent(door, "touch")
    coordinator.sql("UPDATE agents SET last_seen_at = ? WHERE agent_id = ?", LONG_AGO, alice.agent_id)
    await alice.ask(tool, arguments)
    ((last_seen_at,),) = coordinator.sql("SELECT last_seen_at FROM agents WHERE agent_id = ?", alice.agent_id)
    assert (last_seen_at != LONG_AGO) is touches


async def test_an_agent_is_online_for_five_minutes(door: HttpDoor, coordinator: Coordinator) -> None:
    alice = await agent(door, "online")
    other = Speaker(await door.fresh(), set())
    await other.call("register_agent", client="custom", model="m", name="bob", team="online")
    coordinator.sql("UPDATE agents SET last_seen_at = ? WHERE agent_id = ?", LONG_AGO, other.agent_id)
    agents = {one["name"]: one for one in (await alice.call("list_agents"))["agents"]}
    assert (agents["alice"]["online"], agents["bob"]["online"]) == (True, False)
    assert agents["bob"]["last_seen_at"] == LONG_AGO


STRING, INTEGER = {"type": "string"}, {"type": "integer"}

NOTHING: dict[str, Any] = {"added_fields": [], "removed_fields": [], "changed_fields": [], "breaking": False}


def changed(path: str, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """One entry of `changed_fields`."""
    return {"path": path, "from": before, "to": after}


def side(raw: Any, *, required: bool = False) -> dict[str, Any]:
    """Return one side of a changed field."""
    shown: dict[str, Any] = {"required": required, "raw": raw}
    if isinstance(raw, dict) and isinstance(raw.get("type"), str):
        shown["type"] = raw["type"]
    if isinstance(raw, dict) and "enum" in raw:
        shown["enum"] = raw["enum"]
    return shown


NULLABLE = {"type": ["string", "null"]}
CHOICE = {"type": "string", "enum": ["a", "b"]}
DEEP = {"type": "object", "properties": {"x": STRING}}

DIFFERENCES: list[Any] = [
    pytest.param(an_object(a=STRING), an_object(a=STRING), NOTHING, id="none"),
    pytest.param(
        an_object(b=STRING, a=STRING),
        an_object(d=INTEGER, c={}),
        NOTHING
        | {
            "removed_fields": [
                {"path": "/properties/b", "type_summary": "string"},
                {"path": "/properties/a", "type_summary": "string"},
            ],
            "added_fields": [
                {"path": "/properties/d", "type_summary": "integer"},
                {"path": "/properties/c", "type_summary": "unknown"},
            ],
            "breaking": True,
        },
        id="order-of-keys",
    ),
    pytest.param(
        an_object(**{"a/b~c": STRING}),
        an_object(),
        NOTHING | {"removed_fields": [{"path": "/properties/a/b~c", "type_summary": "string"}], "breaking": True},
        id="no-escaping",
    ),
    pytest.param(
        an_object(a=STRING),
        an_object("b", a=STRING, b=STRING),
        NOTHING | {"added_fields": [{"path": "/properties/b", "type_summary": "string"}]},
        id="a-new-required-field",
    ),
    pytest.param(
        an_object(a=STRING),
        an_object("a", a=STRING),
        NOTHING
        | {
            "changed_fields": [changed("/properties/a", side(STRING), side(STRING, required=True))],
            "breaking": True,
        },
        id="required-now",
    ),
    pytest.param(
        an_object("a", a=CHOICE),
        an_object(a=CHOICE),
        NOTHING | {"changed_fields": [changed("/properties/a", side(CHOICE, required=True), side(CHOICE))]},
        id="required-no-more",
    ),
    pytest.param(
        an_object(a=STRING),
        an_object(a=NULLABLE),
        NOTHING | {"changed_fields": [changed("/properties/a", side(STRING), side(NULLABLE))]},
        id="nullable",
    ),
    pytest.param(an_object(a=NULLABLE), an_object(a={"type": ["number"]}), NOTHING, id="lists-of-types"),
    pytest.param(an_object(a=CHOICE), an_object(a={"type": "string", "enum": ["a"]}), NOTHING, id="enum"),
    pytest.param(
        an_object(a=DEEP),
        an_object(a=STRING),
        {
            "added_fields": [],
            "removed_fields": [{"path": "/properties/a/properties/x", "type_summary": "string"}],
            "changed_fields": [changed("/properties/a", side(DEEP), side(STRING))],
            "breaking": True,
        },
        id="object-to-string",
    ),
    pytest.param(
        an_object(a=STRING),
        an_object(a=False),
        NOTHING | {"removed_fields": [{"path": "/properties/a", "type_summary": "string"}], "breaking": True},
        id="false-is-absent",
    ),
    pytest.param(
        an_object(a={"properties": {"x": STRING}}),
        an_object(a={"properties": {}}),
        NOTHING,
        id="nested-without-a-type",
    ),
    pytest.param(
        an_object(a=an_object(b=an_object(c=STRING))),
        an_object(a=an_object(b=an_object(c=INTEGER))),
        NOTHING
        | {
            "changed_fields": [changed("/properties/a/properties/b/properties/c", side(STRING), side(INTEGER))],
            "breaking": True,
        },
        id="deep",
    ),
    pytest.param({"type": "object"}, {"type": "array"}, NOTHING, id="root-type"),
]


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(("before", "after", "difference"), DIFFERENCES)
async def test_a_difference_has_exactly_the_fields_of_the_reference(
    door: HttpDoor, before: dict[str, Any], after: dict[str, Any], difference: dict[str, Any], request: Any
) -> None:
    alice = await agent(door, "diffs")
    name = request.node.callspec.id
    for schema in (before, after):
        await alice.call("register_contract", name=name, schema=schema)
    latest = (await alice.call("get_contract", name=name))["version"]
    answer = await alice.call("diff_contracts", name=name, from_version=1, to_version=latest)
    assert diff_of(answer) == difference
    for entries in ("added_fields", "removed_fields", "changed_fields"):
        assert answer[entries] == difference[entries]
