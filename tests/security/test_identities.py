"""Impersonation of agents.  Forged ids and credentials are in tests/backend/api/test_request_checks.py."""

import re
import uuid

import pytest

from tests.backend.api.plain_http import browsing, call, open_session
from tests.conftest import Connect, Sql
from xats_tui.backend.coordinator import Coordinator

TWINS = (
    "operator",
    "OPERATOR",
    " Operator ",
    "ｏｐｅｒａｔｏｒ",
    "𝐨𝐩𝐞𝐫𝐚𝐭𝐨𝐫",
    "ⓞⓟⓔⓡⓐⓣⓞⓡ",
)
"""Names that people would take for the operator's."""


async def test_nobody_registers_as_the_operator_or_a_program(connect: Connect) -> None:
    caller = await connect()
    for name in TWINS:
        answer = await caller.call("register_agent", client="custom", model="m", name=name)
        assert answer["error"] == "invalid_name", name
    for role in ("__operator__", "__x", " __channel_proxy__x"):
        answer = await caller.call("register_agent", client="custom", model="m", name="bob", role=role)
        assert answer["error"] == "invalid_role", role


async def test_names_that_are_written_in_two_ways_are_one_agent(register: Connect) -> None:
    alice = await register("alice")
    composed, decomposed = await register("jos\u00e9", role="r\u00e9"), await register("jose\u0301")

    assert composed.agent_id == decomposed.agent_id
    for name in ("jos\u00e9", "jose\u0301"):
        assert (await alice.call("send_message", to_agent_name=name, body="x"))["recipients"] == [composed.agent_id]


@pytest.mark.slow
async def test_no_name_is_a_pattern(register: Connect) -> None:
    alice, bob = await register("alice", role="writer"), await register("bob", role="reader")

    for name in ("*", "%", "_", "b%", "bo_", "' OR 1=1 --", "*broadcast*", "[abc]ob"):
        refused = await alice.call("send_message", to_agent_name=name, body="x")
        by_role = await alice.call("broadcast_to_role", to_role=name, body="x")
        odd = await register(name)
        sent = await alice.call("send_message", to_agent_name=name, body="x")

        assert (refused["error"], by_role["error"]) == ("unknown_recipient", "unknown_recipient"), name
        assert sent["recipients"] == [odd.agent_id] != [bob.agent_id]


async def test_mail_and_tasks_of_others_are_out_of_reach(register: Connect) -> None:
    alice, eve = await register("alice", team="red"), await register("eve", team="blue")
    own = await alice.call("send_message", to_agent_name="alice", body="SECRET")
    task = await alice.call("task_add", title="SECRET")
    await alice.call("register_contract", name="SECRET", schema={})

    answers = [
        await eve.call("get_inbox", since_event_id=0),
        await eve.call("get_delivery_status", message_id=own["message_id"]),
        await eve.call("send_message_by_id", to_agent_id=alice.agent_id, body="x"),
        await eve.call("task_claim", task_id=task["task_id"]),
        await eve.call("task_complete", task_id=task["task_id"]),
        await eve.call("task_list"),
        await eve.call("get_contract", name="SECRET"),
        await eve.call("pending_contract_events"),
        await eve.call("list_agents"),
    ]

    assert "SECRET" not in str(answers)
    assert [answer.get("error") for answer in answers[1:5]] == [
        "unknown_message",
        "unknown_recipient",
        "unknown_task",
        "unknown_task",
    ]


async def test_a_session_id_cannot_be_guessed_and_is_told_to_nobody_else(backend: Coordinator, sql: Sql) -> None:
    async with browsing(backend) as http:
        sessions = [await open_session(http) for _ in range(20)]
        ids = [session["mcp-session-id"] for session in sessions]
        told = ""
        for tool in ("register_agent", "whoami", "list_agents", "get_inbox", "task_list"):
            fields = {"client": "custom", "model": "m", "name": "alice"} if tool == "register_agent" else {}
            told += (await http.post("/mcp", json=call(tool, **fields), headers=sessions[0])).text
        near = {"mcp-session-id": ids[0][:-1] + ("0" if ids[0][-1] != "0" else "1")}
        refused = await http.post("/mcp", json=call("echo", msg="x"), headers=near)

    assert len(set(ids)) == 20
    assert {uuid.UUID(one).version for one in ids} == {4}, "122 random bits"
    assert not any(one in told for one in ids)
    assert refused.status_code == 404


async def test_agents_are_not_told_where_others_live(register: Connect) -> None:
    alice = await register("alice", project_dir="/somewhere/private")

    shown = str(await alice.call("list_agents"))

    assert "/somewhere" not in shown
    assert not re.search(r"evidence|host_session|credential", shown)
