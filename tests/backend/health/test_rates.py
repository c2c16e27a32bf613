"""Rates of the last hour, of a coordinator with messages and wakes."""

from datetime import timedelta

from tests.conftest import Connect, Sql
from xats_tui.backend.coordinator import Coordinator
from xats_tui.core.clock import to_wire


async def test_what_was_sent_read_and_failed_is_counted_in_its_minute(
    backend: Coordinator, register: Connect, sql: Sql
) -> None:
    alice, bob = await register("alice"), await register("bob")
    for _ in range(3):
        await alice.call("send_message", to_agent_name="bob", body="hello")
    await bob.call("get_inbox")
    await bob.call("whoami")  # confirms that the mail has arrived
    before = await backend.operator.rates()

    now = backend.clock.now()
    sql("UPDATE messages SET sent_at = ? WHERE rowid = 1", to_wire(now - timedelta(minutes=10)))
    sql("UPDATE messages SET sent_at = ? WHERE rowid = 2", to_wire(now - timedelta(minutes=90)))
    sql("UPDATE message_delivery_status SET wake_status = 'failed', read_at = NULL WHERE rowid = 1")
    rates = await backend.operator.rates()

    assert sum(before.messages) == 3 and before.failed[-1] == 0
    assert before.until_read is not None and 0 <= before.until_read[0] <= before.until_read[1]
    assert sum(rates.messages) == 2 and sum(rates.failed) == 1
    assert len(rates.messages) == len(rates.submitted) == len(rates.failed) == 60
    assert before.calls_per_second is None and rates.calls_per_second == 0


async def test_an_hour_without_anything_has_no_times(backend: Coordinator) -> None:
    rates = await backend.operator.rates()
    assert not any((*rates.messages, *rates.submitted, *rates.failed))
    assert rates.until_read is None


async def test_the_times_until_messages_were_read_are_the_middle_one_and_a_late_one(
    backend: Coordinator, register: Connect, sql: Sql
) -> None:
    alice = await register("alice")
    await register("bob")
    for _ in range(5):
        await alice.call("send_message", to_agent_name="bob", body="hello")
    now = backend.clock.now()
    for row, seconds in enumerate((1, 2, 3, 4, 90), start=1):
        queued, read = to_wire(now - timedelta(seconds=100)), to_wire(now - timedelta(seconds=100 - seconds))
        sql("UPDATE message_delivery_status SET queued_at = ?, read_at = ? WHERE rowid = ?", queued, read, row)
    until_read = (await backend.operator.rates()).until_read
    assert until_read is not None and [round(seconds, 3) for seconds in until_read] == [3, 90]
