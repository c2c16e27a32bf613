"""Lists and documents that are longer than a host hands on: in pages and parts, of which none is lost."""

import json
from typing import Any

import pytest

from tests.conftest import Connect, Sql
from tests.mcp_caller import Caller, ToolError

CODEX_HANDS_ON = 12_000
"""Bytes of an answer."""


async def answer_of(caller: Caller, tool: str, **fields: Any) -> dict[str, Any]:
    """Call a tool and return its answer, after checking that Codex would pass all of it on."""
    result = await caller.client.call_tool(tool, fields)
    text: str = result.content[0].text  # type: ignore[union-attr]
    assert len(text.encode()) < CODEX_HANDS_ON
    answer: dict[str, Any] = json.loads(text)
    return answer


async def listed(caller: Caller, tool: str, field: str, **fields: Any) -> list[Any]:
    """All entries of a list, page by page."""
    page = await answer_of(caller, tool, **fields)
    entries = list(page[field])
    while page.get("has_more"):
        page = await answer_of(caller, tool, **fields, cursor=page["next_cursor"])
        entries += page[field]
    return entries


async def document(caller: Caller, tool: str, **fields: Any) -> Any:
    """An answer that comes in parts, put together."""
    answer = await answer_of(caller, tool, **fields)
    if "part" not in answer:
        return answer
    number, count = map(int, answer["part"].split(" of "))
    assert number == 1
    parts = [answer["json"]]
    for number in range(2, count + 1):
        answer = await answer_of(caller, tool, **fields, part=number)
        assert answer["part"] == f"{number} of {count}"
        parts.append(answer["json"])
    refused = await answer_of(caller, tool, **fields, part=count + 1)
    assert refused["error"] == "unknown_part"
    return json.loads("".join(parts))


@pytest.fixture
async def codex(register: Connect) -> Caller:
    """An agent in Codex."""
    agent: Caller = await register("codex", client="codex")
    return agent


async def test_a_team_larger_than_an_answer_is_listed_in_pages(codex: Caller, sql: Sql) -> None:
    sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) INSERT INTO agents "
        "(agent_id, team, name, role, client, model, registered_at, last_seen_at) SELECT 'id-' || i, team, "
        "'name-' || i, role, client, model, registered_at, last_seen_at FROM agents, n"
    )

    agents = await listed(codex, "list_agents", "agents")

    assert sorted(agent["name"] for agent in agents) == sorted(["codex", *(f"name-{i}" for i in range(1, 101))])


async def test_a_small_team_is_listed_as_ever(codex: Caller) -> None:
    assert (await codex.call("list_agents")).keys() == {"agents"}


async def test_a_cursor_that_leads_nowhere_is_refused(codex: Caller) -> None:
    for tool in ("list_agents", "task_list"):
        answer = await codex.call(tool, cursor="gone")
        assert answer["error"] == "unknown_cursor"
        assert "start again without cursor" in answer["detail"]


@pytest.mark.slow
async def test_a_board_larger_than_an_answer_comes_with_the_unfinished_first(codex: Caller) -> None:
    ids = [(await codex.call("task_add", title=f"task {n}", description="漢" * 150))["task_id"] for n in range(60)]
    for done in ids[:20]:
        await codex.call("task_claim", task_id=done)
        await codex.call("task_complete", task_id=done, result="done")

    assert [task["id"] for task in await listed(codex, "task_list", "tasks")] == [*ids[20:], *ids[:20]]
    assert [task["id"] for task in await listed(codex, "task_list", "tasks", status="pending")] == ids[20:]
    assert len((await answer_of(codex, "task_list"))["tasks"]) > 5


@pytest.mark.slow
async def test_a_task_that_is_done_between_two_pages_hides_no_other(codex: Caller) -> None:
    ids = [(await codex.call("task_add", title=f"task {n}", description="d" * 300))["task_id"] for n in range(60)]
    page = await answer_of(codex, "task_list")
    got = [task["id"] for task in page["tasks"]]
    await codex.call("task_claim", task_id=got[-1])
    await codex.call("task_complete", task_id=got[-1])

    while page.get("has_more"):
        page = await answer_of(codex, "task_list", cursor=page["next_cursor"])
        got += [task["id"] for task in page["tasks"]]

    assert set(got) == set(ids)


async def test_a_task_longer_than_an_answer_is_listed_by_its_beginning_and_shown_in_parts(codex: Caller) -> None:
    description = 'a "quoted" line\n' * 5_000
    task_id = (await codex.call("task_add", title="long", description=description))["task_id"]
    other = (await codex.call("task_add", title="short"))["task_id"]

    first, second = await listed(codex, "task_list", "tasks")
    (whole,) = (await document(codex, "task_list", task_id=task_id))["tasks"]

    assert description.startswith(first["description"].removesuffix("…"))
    assert task_id in first["shortened"]
    assert (second["id"], "shortened" in second) == (other, False)
    assert whole["description"] == description


async def test_a_part_of_a_list_cannot_be_asked_for(codex: Caller) -> None:
    with pytest.raises(ToolError, match="part goes with task_id only"):
        await codex.call("task_list", part=2)


def schema(fields: int) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {f"field-{n}": {"type": "string", "description": '漢字 "quoted"'} for n in range(fields)},
    }


async def test_a_contract_longer_than_an_answer_comes_in_parts(codex: Caller) -> None:
    await codex.call("register_contract", name="api", schema=schema(600))

    contract = await document(codex, "get_contract", name="api")

    assert contract["schema"] == schema(600)
    assert (contract["name"], contract["version"]) == ("api", 1)


async def test_a_diff_longer_than_an_answer_comes_in_parts_and_is_shortened_where_it_comes_along(
    codex: Caller,
) -> None:
    await codex.call("subscribe_contract", name="api")
    await codex.call("register_contract", name="api", schema=schema(1))
    registered = await answer_of(codex, "register_contract", name="api", schema=schema(600))
    events = await answer_of(codex, "pending_contract_events")

    diff = await document(codex, "diff_contracts", name="api", from_version=1, to_version=2)

    assert len(diff["added_fields"]) == 599
    assert registered["version"] == 2
    assert registered["shortened"]["diff.added_fields"] > 0
    assert [event["version"] for event in events["events"]] == [1, 2][: len(events["events"])]


async def test_events_larger_than_an_answer_come_in_pages(codex: Caller) -> None:
    await codex.call("subscribe_contract", name="api")
    for version in range(1, 13):
        await codex.call("register_contract", name="api", schema=schema(version * 10))

    got, cursor, has_more = [], 0, True
    while has_more:
        page = await answer_of(codex, "pending_contract_events", since_event_id=cursor)
        got += [event["version"] for event in page["events"]]
        cursor, has_more = page["last_event_id"], page["has_more"]

    assert got == list(range(1, 13))


@pytest.mark.slow
async def test_the_answer_to_a_broadcast_and_its_status_are_bounded(codex: Caller, sql: Sql) -> None:
    sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO agents "
        "(agent_id, team, name, role, client, model, registered_at, last_seen_at) SELECT printf('id-%03d', i), team, "
        "'name-' || i, role, client, model, registered_at, last_seen_at FROM agents, n"
    )
    sent = await answer_of(codex, "broadcast", body="to all")

    statuses = await listed(codex, "get_delivery_status", "statuses", message_id=sent["message_id"])

    assert sum(sent["shortened"].values()) > 0
    assert [status["agent_id"] for status in statuses] == [f"id-{n:03}" for n in range(1, 301)]
