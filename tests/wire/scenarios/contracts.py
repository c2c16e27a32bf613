"""Contracts: versions and their differences."""

import asyncio
import json
from typing import Any

from tests.wire.producers import http_only, shows
from tests.wire.shapes import COMPARED, CONTRACT, DIFF, FIRST_VERSION, NEXT_VERSION, exactly, is_time
from tests.wire.world import Speaker, World


def an_object(*required: str, **properties: Any) -> dict[str, Any]:
    """A schema of an object."""
    return {"type": "object", "properties": properties, "required": list(required)}


STRING, INTEGER = {"type": "string"}, {"type": "integer"}

FIRST = an_object("id", id=STRING, age=INTEGER)
SECOND = an_object("id", id=INTEGER, email=STRING)

FIRST_TO_SECOND = {
    "added_fields": [{"path": "/properties/email", "type_summary": "string"}],
    "removed_fields": [{"path": "/properties/age", "type_summary": "integer"}],
    "changed_fields": [
        {
            "path": "/properties/id",
            "from": {"type": "string", "required": True, "raw": STRING},
            "to": {"type": "integer", "required": True, "raw": INTEGER},
        }
    ],
    "breaking": True,
}


async def published(agent: Speaker, *schemas: dict[str, Any], name: str = "api") -> list[dict[str, Any]]:
    """Register versions of a contract one after the other."""
    return [await agent.call("register_contract", name=name, schema=schema) for schema in schemas]


def diff_of(answer: dict[str, Any]) -> dict[str, Any]:
    """The reference's keys in a comparison."""
    return {key: answer[key] for key in DIFF}


@shows("register_contract", "ok: the first version")
async def a_first_version(world: World) -> None:
    alice = await world.agent("alice")
    answer = await alice.call("register_contract", name="api", schema=FIRST, format="jsonschema", note="draft")
    assert answer == {"name": "api", "version": 1}
    exactly(answer, FIRST_VERSION)


@shows("register_contract", "ok: the next version")
async def a_next_version(world: World) -> None:
    alice = await world.agent("alice")
    _, second, third = await published(alice, FIRST, SECOND, an_object("id", id=INTEGER, email=STRING, age=STRING))

    exactly(second, NEXT_VERSION)
    assert (second["name"], second["version"], third["version"]) == ("api", 2, 3)
    assert second["diff"] == FIRST_TO_SECOND
    assert third["diff"] == {
        "added_fields": [{"path": "/properties/age", "type_summary": "string"}],
        "removed_fields": [],
        "changed_fields": [],
        "breaking": False,
    }


@shows("register_contract", "ok: the same schema again")
async def the_same_version_again(world: World) -> None:
    alice = await world.agent("alice")
    same = {"required": ["id"], "properties": {"age": INTEGER, "id": STRING}, "type": "object"}
    first, again = await published(alice, FIRST, same)
    assert (first["version"], again["version"], again["unchanged"]) == (1, 1, True)
    assert (await alice.call("subscribe_contract", name="api"))["current_version"] == 1
    (count,) = world.sql(
        "SELECT count(*) FROM events WHERE from_team = ? AND event_type = 'contract_registered'", world.team
    )[0]
    assert count == 1


@shows("register_contract", "ok: ten at once")
@http_only
async def ten_versions_at_once(world: World) -> None:
    agents = [await world.agent(name) for name in ("alice", "bob")]
    answers = await asyncio.gather(
        *(
            agents[number % 2].call("register_contract", name="api", schema=an_object(**{f"f{number}": STRING}))
            for number in range(10)
        )
    )
    assert sorted(answer["version"] for answer in answers) == list(range(1, 11))


@shows("register_contract", "ok: what the diff does not see")
async def a_change_that_the_diff_does_not_see(world: World) -> None:
    alice = await world.agent("alice")
    unseen = [
        (an_object(a={"enum": ["x", "y"]}), an_object(a={"enum": ["x"]})),
        (an_object(a={"type": "array", "items": STRING}), an_object(a={"type": "array", "items": INTEGER})),
        (an_object(a=STRING), an_object("b", a=STRING, b=STRING)),
        (an_object(a=STRING), an_object(a=STRING) | {"additionalProperties": False}),
    ]
    for number, (before, after) in enumerate(unseen):
        _, answer = await published(alice, before, after, name=f"api-{number}")
        exactly(answer, NEXT_VERSION)
        assert answer["diff"]["breaking"] is False
        assert answer["reasons"], answer


@shows("register_contract", "invalid_contract_name")
@shows("subscribe_contract", "invalid_contract_name")
async def a_name_that_shows_more_or_less_than_it_is(world: World) -> None:
    alice = await world.agent("alice")
    attempts: tuple[tuple[str, dict[str, Any]], ...] = (
        ("register_contract", {"schema": {}}),
        ("subscribe_contract", {}),
    )
    for tool, more in attempts:
        answer = await alice.call(tool, name="api\u3164", **more)
        assert answer["error"] == "invalid_contract_name"


@shows("register_contract", "invalid_schema")
async def a_schema_that_is_none(world: World) -> None:
    alice = await world.agent("alice")
    answer = await alice.call("register_contract", name="api", schema={"properties": {"a": {"type": 42}}})
    exactly(answer, {"error", "path", "detail"})
    assert (answer["error"], answer["path"]) == ("invalid_schema", "/properties/a/type")
    assert await alice.call("get_contract", name="api") == {"error": "unknown_contract"}


@shows("register_contract", "schema_too_large")
async def a_schema_that_is_too_deep(world: World) -> None:
    alice = await world.agent("alice")
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(150):
        schema = {"items": schema}
    answer = await alice.call("register_contract", name="api", schema=schema)
    assert answer["error"] == "schema_too_large"
    assert (await alice.call("echo", msg="alive"))["msg"] == "alive"


@shows("register_contract", "storage_unavailable")
async def a_version_that_cannot_be_stored(world: World) -> None:
    alice = await world.agent("alice")
    world.sql(
        "CREATE TRIGGER IF NOT EXISTS no_contract BEFORE INSERT ON contracts WHEN NEW.note = 'unstorable' "
        "BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    answer = await alice.call("register_contract", name="api", schema=FIRST, note="unstorable")
    assert answer == {"error": "storage_unavailable"}
    assert world.sql("SELECT count(*) FROM events WHERE from_team = ?", world.team) == [(0,)]


@shows("register_contract", "tool error: a schema that is no object")
async def a_schema_of_another_kind(world: World) -> None:
    alice = await world.agent("alice")
    others: list[Any] = [[], "x", 1, True, None]
    for schema in others:
        await alice.tool_error("register_contract", {"name": "api", "schema": schema}, "schema")
    await alice.tool_error("register_contract", {"name": "api"}, "schema")


@shows("register_contract", "tool error: an empty name")
async def a_contract_without_a_name(world: World) -> None:
    await (await world.agent("alice")).tool_error("register_contract", {"name": "", "schema": {}}, "name")


@shows("register_contract", "tool error: another format")
async def a_contract_of_another_format(world: World) -> None:
    alice = await world.agent("alice")
    await alice.tool_error("register_contract", {"name": "api", "schema": {}, "format": "openapi"}, "format")


@shows("get_contract", "ok: the latest")
async def the_latest_version(world: World) -> None:
    alice = await world.agent("alice")
    await published(alice, FIRST, SECOND)
    answer = await alice.call("get_contract", name="api")
    exactly(answer, CONTRACT)
    assert (answer["name"], answer["version"], answer["schema"]) == ("api", 2, SECOND)
    assert (answer["format"], answer["note"]) == ("jsonschema", None)
    assert is_time(answer["registered_at"])


@shows("get_contract", "ok: an older version")
async def an_older_version(world: World) -> None:
    alice = await world.agent("alice")
    await alice.call("register_contract", name="api", schema=FIRST, note="draft")
    await published(alice, SECOND)
    answer = await alice.call("get_contract", name="api", version=1)
    assert (answer["version"], answer["schema"], answer["note"]) == (1, FIRST, "draft")


@shows("get_contract", "ok: a long one in parts")
@shows("get_contract", "unknown_part")
@shows("diff_contracts", "unknown_part")
async def a_contract_longer_than_an_answer(world: World) -> None:
    alice = await world.agent("alice")
    long = {"type": "object", "description": "a line\n" * 5_000}
    await published(alice, FIRST, long)
    parts = [await alice.call("get_contract", name="api", part=number) for number in (1, 2)]
    for number, part in enumerate(parts, 1):
        exactly(part, {"part", "json", "hint"})
        assert part["part"] == f"{number} of 2"
    whole = json.loads("".join(part["json"] for part in parts))
    exactly(whole, CONTRACT)
    assert whole["schema"] == long
    assert (await alice.call("get_contract", name="api", part=3))["error"] == "unknown_part"
    answer = await alice.call("diff_contracts", name="api", from_version=1, to_version=2, part=2)
    assert answer["error"] == "unknown_part"


@shows("get_contract", "unknown_contract")
async def no_contract(world: World) -> None:
    alice = await world.agent("alice")
    assert await alice.call("get_contract", name="api") == {"error": "unknown_contract"}
    assert await alice.call("get_contract", name="api", version=1) == {"error": "unknown_contract"}


@shows("get_contract", "unknown_contract: another team's")
async def a_foreign_contract(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob", team=world.team + "-b")
    await published(alice, FIRST)
    assert await bob.call("get_contract", name="api") == {"error": "unknown_contract"}


@shows("get_contract", "unknown_version")
async def no_such_version(world: World) -> None:
    alice = await world.agent("alice")
    await published(alice, FIRST)
    assert await alice.call("get_contract", name="api", version=2) == {"error": "unknown_version"}


@shows("get_contract", "tool error: no name")
async def a_contract_of_which_name(world: World) -> None:
    alice = await world.agent("alice")
    await alice.tool_error("get_contract", {"version": 1}, "name")
    await alice.tool_error("get_contract", {"name": "api", "version": -1}, "version")


@shows("diff_contracts", "ok")
async def a_difference(world: World) -> None:
    alice = await world.agent("alice")
    await published(alice, FIRST, SECOND)
    answer = await alice.call("diff_contracts", name="api", from_version=1, to_version=2)
    exactly(answer, DIFF, maybe=COMPARED)
    assert diff_of(answer) == FIRST_TO_SECOND


@shows("diff_contracts", "ok: backwards and to itself")
async def a_difference_backwards(world: World) -> None:
    alice = await world.agent("alice")
    await published(alice, FIRST, SECOND)
    back = await alice.call("diff_contracts", name="api", from_version=2, to_version=1)
    assert [field["path"] for field in back["added_fields"]] == ["/properties/age"]
    itself = await alice.call("diff_contracts", name="api", from_version=2, to_version=2)
    assert diff_of(itself) == {"added_fields": [], "removed_fields": [], "changed_fields": [], "breaking": False}


@shows("diff_contracts", "unknown_contract")
async def a_difference_of_nothing(world: World) -> None:
    alice = await world.agent("alice")
    answer = await alice.call("diff_contracts", name="api", from_version=1, to_version=2)
    assert answer == {"error": "unknown_contract"}


@shows("diff_contracts", "unknown_version")
async def a_difference_to_nothing(world: World) -> None:
    alice = await world.agent("alice")
    await published(alice, FIRST)
    for versions in ({"from_version": 1, "to_version": 2}, {"from_version": 3, "to_version": 1}):
        assert await alice.call("diff_contracts", name="api", **versions) == {"error": "unknown_version"}


@shows("diff_contracts", "tool error: no version")
async def a_difference_to_what(world: World) -> None:
    alice = await world.agent("alice")
    await alice.tool_error("diff_contracts", {"name": "api", "from_version": 1}, "to_version")
    await alice.tool_error("diff_contracts", {"name": "api", "from_version": 1, "to_version": "two"}, "to_version")
