"""Turns of a Codex thread: begin one with a hint, or add the hint to the one that runs."""

from typing import Any

from xats_tui.backend.transports.json_rpc import RequestRefused, Rpc
from xats_tui.core.errors import XatsError

POSTS = frozenset({"turn/start", "turn/steer"})
"""Requests that put a hint before the model."""


class NotJoined(XatsError):
    """The turn was not joined: it has ended, or takes nothing."""


async def start_turn(server: Rpc, thread_id: str, text: str) -> str:
    """Start a turn; return its id.

    Raises:
        RequestRefused, NoReply, ConnectionLost.
    """
    result: Any = await server.request("turn/start", {"threadId": thread_id, "input": _input(text)})
    turn = result.get("turn") if isinstance(result, dict) else None
    return str(turn.get("id", "")) if isinstance(turn, dict) else ""


async def join_turn(server: Rpc, thread_id: str, text: str) -> str:
    """Add a text to the turn that runs, whose next request to the model holds it; return the turn's id.

    Raises:
        NotJoined, RequestRefused, NoReply, ConnectionLost.
    """
    turn = await _running_turn(server, thread_id)
    if turn is None:
        raise NotJoined("the turn has just ended")
    try:  # the server refuses if another turn runs by now
        await server.request("turn/steer", {"threadId": thread_id, "input": _input(text), "expectedTurnId": turn})
    except RequestRefused as error:
        raise NotJoined(f"the turn was not joined: {error}") from error
    return turn


async def _running_turn(server: Rpc, thread_id: str) -> str | None:
    wanted = {"threadId": thread_id, "limit": 1, "sortDirection": "desc"}
    listed = await server.request("thread/turns/list", wanted)
    turns = listed.get("data") or [] if isinstance(listed, dict) else []
    return next((str(turn["id"]) for turn in turns if turn.get("status") == "inProgress"), None)


def _input(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text, "text_elements": []}]
