"""Schemas as contracts, over HTTP: which are taken, what is said of a change, and which is none."""

import pytest

from tests.backend.tools.test_contracts import ONE, TWO, Schema
from tests.conftest import Connect, Sql
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.services.schemas.validity import MAX_DEPTH
from xats_tui.runtime.settings import Settings


@pytest.mark.parametrize(
    ("old", "new", "backward", "path"),
    [
        pytest.param({"enum": ["a", "b"]}, {"enum": ["a"]}, False, "/enum", id="enum"),
        pytest.param({"items": {"type": "string"}}, {"items": {"type": "number"}}, False, "/items/type", id="items"),
        pytest.param({}, {"properties": {"a": {}}, "required": ["a"]}, False, "/required", id="new-required"),
        pytest.param(ONE, {**ONE, "additionalProperties": False}, False, "/additionalProperties", id="closed"),
        pytest.param(ONE, {**ONE, "not": {"required": ["x"]}}, None, "/not", id="not-to-be-told"),
    ],
)
async def test_w40_what_the_diff_overlooks_is_in_compatibility_and_reasons(
    register: Connect, backend: Coordinator, old: Schema, new: Schema, backward: bool | None, path: str
) -> None:
    alice = await register("alice")
    await alice.call("register_contract", name="api", schema=old)
    answer = await alice.call("register_contract", name="api", schema=new)
    (summary,) = await backend.contracts.summaries()

    assert answer["diff"]["breaking"] is False
    assert answer["compatibility"]["backward"] is backward
    assert path in [reason["path"] for reason in answer["reasons"]]
    assert summary.breaking is (backward is False)


async def test_an_optional_property_more_breaks_nobody(register: Connect, backend: Coordinator) -> None:
    alice = await register("alice")
    await alice.call("register_contract", name="api", schema=ONE)
    more = {**ONE, "properties": {**ONE["properties"], "at": {"type": "string"}}}
    answer = await alice.call("register_contract", name="api", schema=more)
    (summary,) = await backend.contracts.summaries()

    assert (answer["compatibility"]["backward"], answer["compatibility"]["forward"]) == (True, True)
    assert answer["reasons"] == []
    assert summary.breaking is False


async def test_the_same_schema_again_makes_no_version_and_says_so(register: Connect, sql: Sql) -> None:
    alice, bob = await register("alice"), await register("bob")
    await bob.call("subscribe_contract", name="api")
    await alice.call("register_contract", name="api", schema=ONE, note="first")
    await bob.next_notification("notifications/contract_event")
    same = dict(reversed(ONE.items()))
    answer = await bob.call("register_contract", name="api", schema=same, note="another")

    assert answer == {
        "name": "api",
        "version": 1,
        "unchanged": True,
        "diff": {"added_fields": [], "removed_fields": [], "changed_fields": [], "breaking": False},
    }
    assert sql("SELECT count(*) FROM events") == [(1,)]
    assert (await alice.call("get_contract", name="api"))["note"] == "first"
    assert bob.notifications_so_far() == []


async def test_an_older_schema_again_is_a_version_of_its_own(register: Connect) -> None:
    alice = await register("alice")
    for schema in (ONE, TWO, ONE):
        answer = await alice.call("register_contract", name="api", schema=schema)

    assert answer["version"] == 3


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    ("schema", "path"),
    [
        pytest.param({"type": 42}, "/type", id="type"),
        pytest.param({"properties": {"a/b~c": {"type": "text"}}}, "/properties/a~1b~0c/type", id="pointer"),
        pytest.param({"properties": {"a": None}}, "/properties/a", id="null"),
        pytest.param({"required": "a"}, "/required", id="required"),
        pytest.param({"allOf": [{}, {"minLength": -1}]}, "/allOf/1/minLength", id="in-an-array"),
        pytest.param({"$schema": "http://json-schema.org/draft-07/schema#", "items": 3}, "/items", id="draft-7"),
        pytest.param({"$schema": "urn:nobody-knows", "type": 42}, "/type", id="unknown-draft"),
        pytest.param({"$schema": 7}, "/$schema", id="no-draft"),
    ],
)
async def test_what_is_no_json_schema_is_refused_with_the_place(
    register: Connect, sql: Sql, schema: Schema, path: str
) -> None:
    alice = await register("alice")
    answer = await alice.call("register_contract", name="api", schema=schema)

    assert (answer["error"], answer["path"]) == ("invalid_schema", path)
    assert answer["detail"]
    assert await alice.call("get_contract", name="api") == {"error": "unknown_contract"}
    assert sql("SELECT count(*) FROM events") == [(0,)]


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"$schema": "http://json-schema.org/draft-07/schema#", "items": [{}]}, id="draft-7"),
        pytest.param(
            {"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 0, "exclusiveMinimum": True}, id="draft-4"
        ),
        pytest.param({"$schema": "urn:nobody-knows", "type": "object"}, id="unknown-draft"),
        pytest.param({"$ref": "http://127.0.0.1:1/never-fetched"}, id="reference-elsewhere"),
        pytest.param({"pattern": "\\p{L}(?<name>x)", "format": "no-such-format"}, id="patterns-of-other-languages"),
    ],
)
async def test_a_schema_of_any_draft_is_taken(register: Connect, schema: Schema) -> None:
    alice = await register("alice")

    assert (await alice.call("register_contract", name="api", schema=schema))["version"] == 1


def nested(keyword: str, depth: int) -> Schema:
    """A schema of so many objects, one in the other."""
    schema: Schema = {}
    for _ in range(depth - 1):
        schema = {keyword: schema}
    return schema


@pytest.mark.parametrize("draft", ["draft-04/schema#", "draft-06/schema#", "draft-07/schema#", "draft/2020-12/schema"])
async def test_a_schema_has_a_largest_depth(register: Connect, draft: str) -> None:
    alice = await register("alice")
    scheme = "https" if "2020" in draft else "http"
    deepest = {**nested("not", MAX_DEPTH), "$schema": f"{scheme}://json-schema.org/{draft}"}
    await alice.call("register_contract", name="api", schema=deepest)

    assert (await alice.call("get_contract", name="api"))["schema"] == deepest
    assert (await alice.call("register_contract", name="api", schema={**deepest, "minimum": 1}))["version"] == 2
    assert await alice.call("register_contract", name="api", schema=nested("not", MAX_DEPTH + 1)) == {
        "error": "schema_too_large",
        "detail": {"max_depth": MAX_DEPTH, "got_depth": MAX_DEPTH + 1},
    }


async def test_a_schema_has_a_largest_size(register: Connect, settings: Settings) -> None:
    alice = await register("alice")
    answer = await alice.call("register_contract", name="api", schema={"title": "é" * (settings.body_limit // 2)})

    assert answer["error"] == "schema_too_large"
    assert answer["detail"]["max"] == settings.body_limit
    assert answer["detail"]["got"] > settings.body_limit
