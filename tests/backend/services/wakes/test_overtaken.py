"""A hint whose agent was quicker than the evidence: what it did is kept, and nothing more is claimed."""

from datetime import timedelta

import pytest

from tests.conftest import Connect
from tests.stand_ins.opencode_server import SESSION, opencode_server
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.store import wakes as store
from xats_tui.backend.store.wakes import AttemptOutcome
from xats_tui.core.model.wakes import Wake, WakeAttempt, WakeStage, WakeStatus
from xats_tui.core.records import replace

FETCHED_BY_ITSELF = (WakeStatus.SKIPPED, "recipient_active")


async def fetched(backend: Coordinator, register: Connect) -> Wake:
    """A wake whose agent was busy, and has fetched its message."""
    with opencode_server() as busy:
        busy.set_busy(SESSION)
        delivery = {"kind": "opencode-server", "base_url": busy.url, "session_id": SESSION}
        bob, alice = await register("bob", client="opencode", delivery=delivery), await register("alice")
        sent = await alice.call("send_message", to_agent_name="bob", body="hello")
        await bob.call("get_inbox")
        (wake,) = await backend.waker.statuses(sent["message_id"])
    assert (wake.status, wake.skip_reason) == FETCHED_BY_ITSELF
    return wake


@pytest.mark.parametrize(
    ("typed_s", "status", "reason"),
    [(-1.0, WakeStatus.DELIVERED, None), (0.5, *FETCHED_BY_ITSELF)],
    ids=["typed before", "typed after"],
)
async def test_a_message_that_was_fetched_shows_only_that_an_earlier_hint_was_submitted(
    typed_s: float, status: WakeStatus, reason: str | None, backend: Coordinator, register: Connect
) -> None:
    wake = await fetched(backend, register)
    seen_at = wake.reached[WakeStage.SEEN]
    typed_at, submitted_at = seen_at + timedelta(seconds=typed_s), seen_at + timedelta(seconds=1)
    times = dict.fromkeys(WakeStage, typed_at) | {WakeStage.SUBMITTED: submitted_at}
    outcome = AttemptOutcome(
        status=WakeStatus.DELIVERED,
        skip_reason=None,
        detail="submitted",
        due_at=None,
        step=WakeStage.SUBMITTED,
        times=times,
    )
    attempt = WakeAttempt(
        number=0, at=typed_at, transport="tmux-pane", outcome="submitted: x", seen_before="", seen_after=""
    )

    async with backend._database.write() as tx:
        await store.note_overtaken(tx, wake, attempt, outcome)

    (now,) = await backend.waker.statuses(wake.message_id)
    assert (now.status, now.skip_reason, now.transport) == (status, reason, "tmux-pane")
    assert now.reached[WakeStage.SUBMITTED] == (submitted_at if reason else seen_at)
    newest = (await backend.waker.attempts(wake.message_id, wake.agent_id))[-1]
    assert replace(newest, number=0) == attempt
