"""The messages of the sample, and the operator's inbox."""

from typing import Any

from tests.screens.sample.agents import BACKEND, DOCS, FRONTEND, OPERATOR, PLANNER, QA, REVIEWER, TRANSLATOR
from tests.screens.sample.clock import ago
from xats_tui.core.model.agents import (
    Agent,
)
from xats_tui.core.model.messages import BROADCAST_MARK, Message


def message(
    number: int, who: Agent, to: Agent, subject: str | None, body: str, minutes: float, *, read: bool, **more: Any
) -> Message:
    """A message sent so many minutes ago."""
    fields: dict[str, Any] = {
        "to_role": None,
        "need_reply": False,
        "id": f"61aaa24c-{number:04d}",
        "event_id": number,
        **more,
    }
    return Message(
        from_team=who.team,
        to_team=to.team,
        from_agent_id=who.agent_id,
        to_agent_id=to.agent_id,
        subject=subject,
        body=body,
        sent_at=ago(minutes=minutes),
        read_at=ago(minutes=minutes / 2) if read else None,
        from_name=who.name,
        from_role=who.role,
        to_name=to.name,
        **fields,
    )


STREAM = (
    message(
        9,
        FRONTEND,
        BACKEND,
        "API changed?",
        "The endpoint answers with a number since this morning.\nOn purpose?",
        0.1,
        read=False,
        need_reply=True,
    ),
    message(8, BACKEND, FRONTEND, "orders v4", "breaking: id is an integer now, total is required", 0.4, read=False),
    *(
        message(
            7,
            PLANNER,
            to,
            None,
            "Stand-up: say in one line what you are on, and what you wait for.",
            3,
            read=to is FRONTEND,
            to_role=BROADCAST_MARK,
        )
        for to in (BACKEND, FRONTEND, QA, REVIEWER)
    ),
    message(
        6,
        QA,
        BACKEND,
        "flaky test",
        "test_checkout fails one run in ten: [red]TimeoutError[/] after 5 s",
        5,
        read=False,
    ),
    message(5, PLANNER, DOCS, "deploy docs?", "Can the new guide go out today?", 11, read=False, need_reply=True),
    message(4, REVIEWER, FRONTEND, None, "Two remarks on the cart branch, both small.", 18, read=True),
    message(3, FRONTEND, PLANNER, "done", "T-39 is merged.", 22, read=True),
    message(2, PLANNER, TRANSLATOR, "新しいガイド", "新しいガイドを翻訳してください。", 41, read=False),
    message(1, BACKEND, QA, None, "Staging is up.", 63, read=True),
)


INBOX = (
    message(
        11,
        PLANNER,
        OPERATOR,
        "release today?",
        "Everything is merged but the orders client.\nShall I wait for it?",
        26,
        read=False,
        need_reply=True,
    ),
    message(10, FRONTEND, OPERATOR, None, "The cart is done.", 95, read=True),
)
