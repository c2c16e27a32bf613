"""However much comes in, the time, the memory and the answer have a bound."""

import json
from collections.abc import Mapping
from typing import Any

import psutil
import pytest

from tests.backend.api.plain_http import INITIALIZE
from tests.bad_input.callers import HttpCaller, request_of
from tests.bad_input.conftest import LONG_ARGUMENT
from tests.wire.doors import event_of

MEBIBYTE = 1024 * 1024

DEEP = 100_000
"""Levels of nesting that no stack takes."""

AS_LARGE_AS_IT_GOES = 11_000
"""Entries of a list that together come close to the largest schema."""

MOST_GROWTH = 200 * MEBIBYTE
"""Bytes by which the process may grow over bodies that are each as large as they may be."""

MIXED = [number if number % 2 else {"a": number} for number in range(AS_LARGE_AS_IT_GOES)]
"""Entries that cannot be sorted, so that a careless search for duplicates compares all pairs."""

DRAFT_4 = "http://json-schema.org/draft-04/schema#"
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"


def nested(opening: bytes, closing: bytes) -> bytes:
    """A call with a value of endless nesting."""
    start, end = request_of("register_contract", {"name": "deep", "schema": {"a": "HERE"}}).split(b'"HERE"')
    return start + opening * DEEP + closing * DEEP + end


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [b"[" * MEBIBYTE, b'{"a":' * 200_000, nested(b"[", b"]"), nested(b'{"a":', b"}").replace(b":}", b":1}")],
    ids=["opened", "named", "lists", "objects"],
)
@pytest.mark.parametrize("path", ["/mcp", "/hook"])
def test_nesting_without_end_costs_nothing(caller: HttpCaller, body: bytes, path: str) -> None:
    assert caller.post(body, path).status_code in (200, 400)
    assert caller.is_answered()


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"$schema": DRAFT_4, "enum": MIXED}, id="enum"),
        pytest.param({"$schema": DRAFT_4, "type": MIXED}, id="type"),
        pytest.param({"$schema": DRAFT_2020, "required": MIXED}, id="required"),
        pytest.param({"$schema": DRAFT_2020, "type": MIXED[:4000]}, id="type of 2020"),
    ],
)
def test_a_list_in_a_schema_is_not_compared_each_with_each(caller: HttpCaller, schema: Mapping[str, Any]) -> None:
    caller.asked("register_contract", name="mixed", schema=schema)  # compared so, 11,000 entries take minutes


@pytest.mark.parametrize("schema", [{"maximum": 1e308 * 10}, {"a": [{"b": 1e308 * 10}]}])
def test_a_number_that_cannot_be_kept_is_refused_and_not_made_null(caller: HttpCaller, schema: object) -> None:
    body = request_of("register_contract", {"name": "endless", "schema": schema}).replace(b"Infinity", b"1e999")

    payload = json.loads(event_of(caller.post(body).text)["result"]["content"][0]["text"])

    assert (payload["error"], "too large" in payload["detail"]) == ("invalid_schema", True)


def test_what_is_wrong_with_arguments_is_told_for_some_of_them(caller: HttpCaller) -> None:
    answer = caller.call("echo", {"msg": "x", "y" * 5000: 1} | {f"a{number}": 1 for number in range(90)})

    assert '"isError":true' in answer.text
    assert "and 71 more" in answer.text
    assert len(answer.text) < 4000


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("echo", {f"a{number}": 1 for number in range(80_000)}, "80000 are too many"),
        ("task_add", {"title": "x", "depends_on": [1] * 300_000}, "depends_on.0"),
    ],
    ids=["unknown ones", "a list of the wrong kind"],
)
def test_very_many_wrong_arguments_are_not_looked_at_one_by_one(
    caller: HttpCaller, tool: str, arguments: Mapping[str, Any], told: str
) -> None:
    answer = caller.call(tool, arguments)

    assert told in answer.text
    assert len(answer.text) < 300


def test_an_inbox_of_any_size_comes_in_pages_of_bounded_size(caller: HttpCaller) -> None:
    team, body = "bounds", "x" * 250_000
    reader = HttpCaller(caller.coordinator)
    agent_id = reader.register("reader", team=team)
    for _ in range(12):
        reader.asked("send_message_by_id", to_agent_id=agent_id, body=body, auto_poke=False)

    page = reader.asked("get_inbox", limit=200)
    reader.close()

    (message,) = page["messages"]
    assert page["has_more"]
    assert len(json.dumps(page)) < 35_000, "what hosts hand on to their models"
    assert message["body"].startswith("x" * 20_000)


def test_a_board_of_any_size_is_listed_as_far_as_an_answer_goes_the_unfinished_first(caller: HttpCaller) -> None:
    worker = HttpCaller(caller.coordinator)
    worker.register("worker", team="board")
    done = worker.asked("task_add", title="done")["task_id"]
    worker.asked("task_claim", task_id=done)
    worker.asked("task_complete", task_id=done, result="x" * 250_000)
    added = [worker.asked("task_add", title="t", description="x" * 250_000)["task_id"] for _ in range(8)]

    answer = worker.asked("task_list")
    pending = worker.asked("task_list", status="completed")
    worker.close()

    assert len(json.dumps(answer)) < 35_000, "what hosts hand on to their models"
    assert {task["id"] for task in answer["tasks"]} <= {*added, done}
    assert (pending["tasks"], pending["shortened"]) == ([], {"tasks": 1}), "it is counted, and not handed on in pieces"


def test_initialize_is_no_place_for_a_novel(caller: HttpCaller) -> None:
    params = {**INITIALIZE["params"], "clientInfo": {"name": "n" * 100_000, "version": "1"}}

    answer = caller.post(json.dumps({**INITIALIZE, "params": params}).encode())

    assert answer.status_code == 413


@pytest.mark.parametrize("pattern", ["(?:.{9999}){200}", "(?:.{999}){999}", f"{LONG_ARGUMENT[:5]}(a|a|a)*$"])
def test_a_process_pattern_neither_keeps_the_coordinator_busy_nor_fills_it(caller: HttpCaller, pattern: str) -> None:
    process = psutil.Process(caller.coordinator.process.pid)
    before = process.memory_info().rss

    answer = caller.asked("detect_tmux_pane", agent="custom", process_pattern=pattern)

    assert answer == {"error": "not_found", "candidates": []}
    assert caller.is_answered()
    assert process.memory_info().rss - before < MOST_GROWTH


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_hours_of_the_largest_bodies_leave_no_memory_behind(caller: HttpCaller) -> None:
    process = psutil.Process(caller.coordinator.process.pid)
    wide = {f"k{number}": {"type": "string"} for number in range(1500)}
    bodies = [
        nested(b"[", b"]"),
        request_of("echo", {"msg": "x" * (MEBIBYTE - 300)}),
        request_of("echo", {f"a{number}": 1 for number in range(80_000)}),
        request_of("task_add", {"title": "x", "depends_on": [f"x{number}" for number in range(80_000)]}),
        request_of("register_contract", {"name": "wide", "schema": {"properties": wide}}),
        b"[1," * 250_000,
    ]
    for body in bodies:
        caller.post(body)
    before = process.memory_info().rss

    for _ in range(10):
        for body in bodies:
            caller.post(body)

    grown = process.memory_info().rss - before
    assert grown < MOST_GROWTH, f"it grew by {grown / MEBIBYTE:.0f} MiB from {before / MEBIBYTE:.0f}"
