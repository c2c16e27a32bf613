"""The operator writes to agents and is written to, in every team, without being an agent."""

import pytest

from tests.backend.services.conftest import Bound
from tests.backend.services.wakes.waking import quiet
from tests.conftest import Connect, Sql
from tests.tmux_server import TmuxServer
from xats_tui.backend.coordinator import Coordinator
from xats_tui.core.errors import Refusal
from xats_tui.core.model.agents import OPERATOR_ID
from xats_tui.core.model.messages import BROADCAST_MARK, Addressees


def to(agent_id: str, team: str = "default") -> list[Addressees]:
    return [Addressees(team=team, agent_ids=(agent_id,))]


async def test_a_message_of_the_operator_is_mail_from_operator_in_the_recipients_own_team(
    backend: Coordinator, register: Connect
) -> None:
    bob = await register("bob", team="red")

    (sent,) = await backend.operator.send(to(bob.agent_id, "red"), "how is it going?", subject="status")

    (message,) = (await bob.call("get_inbox"))["messages"]
    assert message["id"] == sent
    assert (message["from_name"], message["from_role"]) == ("operator", "operator")
    assert (message["from_team"], message["to_team"], message["to_role"]) == ("red", "red", None)
    assert (message["subject"], message["body"], message["need_reply"]) == ("status", "how is it going?", True)


@pytest.mark.parametrize("name", ["operator", "Operator"])
async def test_an_answer_to_operator_arrives_in_one_inbox_from_whatever_team(
    name: str, backend: Coordinator, register: Connect
) -> None:
    bob, eve = await register("bob", team="red"), await register("eve", team="blue")

    sent = await bob.call("send_message", to_agent_name=name, body="from red")
    await eve.call("send_message", to_agent_name=name, to_team="red", body="from blue")

    assert sent["recipients"] == [OPERATOR_ID]
    inbox = await backend.operator.inbox(10)
    assert [(mail.from_name, mail.from_team, mail.body, mail.to_name) for mail in inbox] == [
        ("eve", "blue", "from blue", "operator"),
        ("bob", "red", "from red", "operator"),
    ]


async def test_the_sender_of_a_message_can_be_answered_by_its_id(backend: Coordinator, register: Connect) -> None:
    bob = await register("bob")
    await backend.operator.send(to(bob.agent_id), "hello")
    (message,) = (await bob.call("get_inbox"))["messages"]

    await bob.call("send_message_by_id", to_agent_id=message["from_agent_id"], body="hello yourself")

    assert [mail.body for mail in await backend.operator.inbox(10)] == ["hello yourself"]


async def test_nobody_is_woken_for_mail_to_the_operator_and_the_sender_is_told_why(register: Connect) -> None:
    bob = await register("bob")

    sent = await bob.call("send_message", to_agent_name="operator", body="done")

    assert (sent["poked"], sent["retry_scheduled"]) == (False, False)
    assert sent["poke_skip_reasons"] == [
        {"agent_id": OPERATOR_ID, "reason": "no_pane", "detail": "the operator reads mail at the dashboard"}
    ]
    (status,) = (await bob.call("get_delivery_status", message_id=sent["message_id"]))["statuses"]
    assert (status["wake_status"], status["next_try_at"]) == ("skipped", None)


async def test_the_operator_is_in_no_list_of_agents_and_gets_no_broadcast(
    backend: Coordinator, register: Connect
) -> None:
    bob, _ = await register("bob"), await register("eve")
    await bob.call("send_message", to_agent_name="operator", body="done")

    listed = await bob.call("list_agents")
    sent = await bob.call("broadcast", body="to all")

    assert {agent["name"] for agent in listed["agents"]} == {"bob", "eve"}
    assert OPERATOR_ID not in sent["recipients"]
    assert {entry.agent.name for entry in await backend.registry.roster()} == {"bob", "eve"}


async def test_a_message_of_the_operator_is_written_down_with_it(backend: Coordinator, register: Connect) -> None:
    bob = await register("bob")

    await backend.operator.send(to(bob.agent_id), "hello", subject="status")

    (noted,) = await backend.operator.activity()
    assert (noted.actor, noted.verb, noted.agent_id) == ("operator", "message", bob.agent_id)
    assert noted.detail == "to bob@default: status"
    assert noted.message_id == (await backend.mailbox.stream())[0].id


async def test_a_broadcast_of_the_operator_reaches_exactly_those_named_also_who_is_away(
    backend: Coordinator, register: Connect, sql: Sql
) -> None:
    bob, eve, _ = await register("bob"), await register("eve"), await register("kim")
    sql("UPDATE agents SET last_seen_at = '2020-01-01T00:00:00.000Z' WHERE name = 'eve'")
    whole_team = Addressees(team="default", agent_ids=(bob.agent_id, eve.agent_id), to_role=BROADCAST_MARK)

    (letter,) = await backend.operator.send([whole_team], "stand-up", need_reply=False)

    sent = await backend.mailbox.stream()
    assert {(copy.to_name, copy.to_role, copy.need_reply) for copy in sent} == {
        ("bob", BROADCAST_MARK, False),
        ("eve", BROADCAST_MARK, False),
    }
    assert len({copy.event_id for copy in sent}) == 1
    assert letter in {copy.id for copy in sent}


async def test_of_several_letters_all_are_sent_or_none(backend: Coordinator, register: Connect) -> None:
    bob = await register("bob")

    with pytest.raises(Refusal, match="recipient_gone") as refused:
        await backend.operator.send([*to(bob.agent_id), *to("gone")], "hello")

    assert refused.value.fields == {"agent_ids": ["gone"]}
    assert await backend.mailbox.stream() == ()
    assert await backend.operator.activity() == ()


@pytest.mark.parametrize(("body", "code"), [(" \n", "empty_body"), ("é" * 131_073, "body_too_large")])
async def test_a_body_has_to_be_there_and_to_fit(body: str, code: str, backend: Coordinator, register: Connect) -> None:
    bob = await register("bob")

    with pytest.raises(Refusal, match=code):
        await backend.operator.send(to(bob.agent_id), body)


async def test_a_message_needs_a_recipient(backend: Coordinator) -> None:
    with pytest.raises(Refusal, match="no_recipient"):
        await backend.operator.send([], "hello")


async def test_the_operators_mail_is_read_only_when_marked(backend: Coordinator, register: Connect) -> None:
    bob = await register("bob")
    sent = await bob.call("send_message", to_agent_name="operator", body="done")
    (mail,) = await backend.operator.inbox(10)
    await backend.operator.thread(mail.event_id)
    assert (await backend.operator.inbox(10))[0].read_at is None

    assert await backend.operator.mark_read([mail.id]) == 1
    assert await backend.operator.mark_read([mail.id]) == 0

    assert (await backend.operator.inbox(10))[0].read_at is not None
    (status,) = (await bob.call("get_delivery_status", message_id=sent["message_id"]))["statuses"]
    assert "read" in status["evidence"]
    assert [noted.verb for noted in await backend.operator.activity()] == ["read"]


async def test_the_operator_cannot_mark_an_agents_mail_as_read(backend: Coordinator, register: Connect) -> None:
    bob, eve = await register("bob"), await register("eve")
    sent = await bob.call("send_message", to_agent_name="eve", body="for you alone")

    assert await backend.operator.mark_read([sent["message_id"]]) == 0

    assert len((await eve.call("get_inbox"))["messages"]) == 1


async def test_an_answer_of_the_operator_marks_what_it_answers_as_read(backend: Coordinator, register: Connect) -> None:
    bob = await register("bob")
    await bob.call("send_message", to_agent_name="operator", body="may I?")
    (mail,) = await backend.operator.inbox(10)
    assert [asked.body for asked in await backend.operator.unanswered(10)] == ["may I?"]

    await backend.operator.send(to(bob.agent_id), "you may", need_reply=False, answers=mail.id)

    (answered,) = await backend.operator.inbox(10)
    assert answered.read_at is not None
    assert answered.answered_at is not None
    assert await backend.operator.unanswered(10) == ()


async def test_a_message_is_answered_when_its_recipient_wrote_back_after_it(
    backend: Coordinator, register: Connect
) -> None:
    bob, eve = await register("bob"), await register("eve")
    await eve.call("send_message", to_agent_name="bob", body="before", need_reply=False)
    await bob.call("send_message", to_agent_name="eve", body="which port?")
    await bob.call("send_message", to_agent_name="eve", body="no answer needed", need_reply=False)
    assert [message.answered_at for message in await backend.mailbox.stream()] == [None, None, None]
    assert [message.body for message in await backend.operator.unanswered(10)] == ["which port?"]

    await eve.call("send_message", to_agent_name="bob", body="8080", need_reply=False)

    answer, _, question, _ = await backend.mailbox.stream()
    assert question.answered_at == answer.sent_at
    assert await backend.operator.unanswered(10) == ()


async def test_a_thread_has_what_two_agents_wrote_to_each_other_oldest_first(
    backend: Coordinator, register: Connect
) -> None:
    bob, eve, kim = await register("bob"), await register("eve"), await register("kim")
    await bob.call("send_message", to_agent_name="eve", body="1")
    await kim.call("send_message", to_agent_name="eve", body="not theirs")
    await eve.call("send_message", to_agent_name="bob", body="2")
    await bob.call("send_message", to_agent_name="eve", body="3")
    opened_at = (await backend.mailbox.stream())[1].event_id

    thread = await backend.operator.thread(opened_at)

    assert [message.body for message in thread.messages] == ["1", "2", "3"]
    assert (thread.more_before, thread.more_after) == (False, False)


@pytest.mark.slow
async def test_a_long_thread_is_cut_around_the_message_that_it_was_opened_at(
    backend: Coordinator, register: Connect
) -> None:
    bob, _ = await register("bob"), await register("eve")
    for number in range(130):
        await bob.call("send_message", to_agent_name="eve", body=str(number), auto_poke=False)
    opened_at = next(message for message in await backend.mailbox.stream() if message.body == "64").event_id

    thread = await backend.operator.thread(opened_at)

    assert [message.body for message in thread.messages] == [str(number) for number in range(5, 125)]
    assert (thread.more_before, thread.more_after) == (True, True)


async def test_the_thread_of_a_broadcast_has_what_came_back(backend: Coordinator, register: Connect) -> None:
    bob, eve, kim = await register("bob"), await register("eve"), await register("kim")
    await eve.call("send_message", to_agent_name="bob", body="before")
    await bob.call("broadcast", body="stand-up")
    broadcast = (await backend.mailbox.stream())[0].event_id
    await eve.call("send_message", to_agent_name="bob", body="eve is on it")
    await kim.call("send_message", to_agent_name="bob", body="kim waits")

    thread = await backend.operator.thread(broadcast)

    assert [message.body for message in thread.messages] == ["stand-up", "stand-up", "eve is on it", "kim waits"]


async def test_a_thread_of_no_message_is_refused(backend: Coordinator) -> None:
    with pytest.raises(Refusal, match="unknown_message"):
        await backend.operator.thread(7)


async def test_the_hint_names_the_operator(backend: Coordinator, bound: Bound, tmux: TmuxServer) -> None:
    pane = await tmux.stand_in("bob")
    bob = await bound("bob", pane)
    await quiet(backend, pane)

    await backend.operator.send(to(bob.agent_id), "hello")

    await tmux.wait_for(pane.pane_id, "took 1: [xats] 1 new message from operator: call get_inbox")
