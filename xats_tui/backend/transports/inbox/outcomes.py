"""The outcome of a message to an inbox, as far as its receipts tell, and what follows from it.  No I/O."""

from datetime import datetime, timedelta

from xats_tui.backend.system.sessions.registered import RegisteredSession
from xats_tui.backend.transports.inbox.posts import NoInbox
from xats_tui.backend.transports.inbox.receipts import SentMessage, Status
from xats_tui.backend.transports.results import not_taken, submitted, uncertain
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.wakes import HELD, DeliveryResult

LOST_AFTER = timedelta(seconds=60)
"""Time after which a message counts as lost that no receipt was ever seen of."""

AVOIDED_FOR = timedelta(hours=1)
"""Time for which a session that turned a message away gets no other one."""

CALMED_AFTER = timedelta(seconds=60)
"""The same for a message that was dropped, because there were too many."""

TURNED_AWAY = {
    Status.REFUSED: "its settings refuse messages of other programs",
    Status.EXPIRED: "it held an earlier hint for its person until the time was over",
    Status.MISADDRESSED: "it had begun another session when an earlier hint came",
    Status.DROPPED: "it dropped an earlier hint",
}
"""The reason for each receipt after which nothing can come of the message."""


def evidence_of(sent: SentMessage | None, agent: Agent) -> str:
    """Return what shows that a message was taken whose outcome was not reported yet; empty if nothing does."""
    if sent is None or sent.is_over:
        return ""
    if sent.status is Status.DELIVERED:
        return "the receipt says that its inbox has queued the hint"
    # in the middle of a turn a call does not tell whether the hint was the reason
    called = sent.status is None and sent.was_idle and agent.last_seen_at > sent.at
    return "posted to its inbox: the agent has called" if called else ""


def result_of(sent: SentMessage, agent: Agent) -> DeliveryResult:
    """Return what became of a message, as far as is known now."""
    if evidence := evidence_of(sent, agent):
        sent.is_over = True
        return submitted(evidence, sent.at, sent.seen_before)
    if sent.may_be_taken:
        return uncertain(told_of(sent))
    sent.is_over = True
    return not_taken("its person has declined the hint" if sent.status is Status.DENIED else _turned_away(sent))


def told_of(sent: SentMessage) -> str:
    """Return what is told of a message that may be taken yet."""
    if sent.status is Status.HELD:
        return f"{HELD}, who decides in its window with /peers"
    return "posted to its inbox, and no receipt has come yet"


def _turned_away(sent: SentMessage) -> str:
    """Return why nothing can come of a message any more; empty if something can, or its person has declined it."""
    if sent.is_lost:
        return "its inbox took an earlier hint, and no receipt has come"
    told = TURNED_AWAY.get(sent.status, "") if sent.status else ""
    return f"{told} ({sent.reason})" if sent.reason else told


def refuse_if_turned_away(sent: SentMessage, session: RegisteredSession, now: datetime) -> None:
    """Keep a session from being used again for a while.

    Raises:
        NoInbox: it has turned a message away, or lost it.
    """
    if sent.status is None and not sent.is_over and now - sent.at >= LOST_AFTER:
        sent.is_lost = sent.is_over = True
        sent.settled_at = now
    told, since = _turned_away(sent), sent.settled_at or now
    pause = CALMED_AFTER if sent.status is Status.DROPPED else AVOIDED_FOR
    if told and now - since < pause and sent.session.record.session_id == session.record.session_id:
        raise NoInbox(told)


def declined_until(sent: SentMessage | None, now: datetime) -> datetime | None:
    """Return until when nothing is put before the agent, because its person has declined a hint."""
    if sent is None or sent.status is not Status.DENIED or sent.settled_at is None:
        return None
    until = sent.settled_at + AVOIDED_FOR
    return until if now < until else None
