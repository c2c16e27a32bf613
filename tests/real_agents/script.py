"""The script language of the scripted model, and the turn of a conversation that a script is taken from.

    CALL <tool> <json arguments>     call an MCP tool; <tool> may be a bare name (send_message)
                                     and is matched against the tools that the client offers
    WAIT <seconds>                   think that long before the next CALL, or before finishing
    WAIT @<unix time>                think until then (several agents start at the same moment)
    SAY <text>                       finish the turn with this text
    DRIP <seconds> <text>            finish the turn with this text, streamed over that time

The script is every such line of the user's text.  Calls run one per model request, in order; when all have their
results the turn ends with SAY, or with "DONE".  A text that the user adds while the agent is at work (clients queue it)
has its script run after that of the first text.

A user text without a script that looks like a wake hint runs `CALL get_inbox {}`, again while the answer says that
there is more, and then every script line in the bodies of the messages that came, except messages that this
conversation already got.  So one agent can be programmed by another agent's message.
"""

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xats_tui.clients.spec import SERVER

SCRIPT_LINE = re.compile(r"^\W*(CALL|WAIT|SAY|DRIP)\s+(.+?)\s*$", re.MULTILINE)
REMINDER = re.compile(r"<system-reminder>(?P<text>.*?)</system-reminder>", re.DOTALL)
FROM_THE_USER = ("user sent", "Stop hook")
"""Marks of reminders that the model should act upon; other reminders only inform."""
INTERRUPTED = re.compile(r"\[Request interrupted by user[^\]]*\]|<turn_aborted>")

Event = tuple[str, str]
"""`user`, `result` of a tool, or `end` of a turn, and its text, in the order of the conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Texts of the user and results of tools since the model's last final answer."""

    texts: Sequence[str]
    results: Sequence[str]
    seen: frozenset[str]
    """Ids of the inbox messages that earlier turns got."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Answer of the model to one request: a tool call, or a text that ends the turn."""

    tool: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    text: str = "DONE"
    wait: float = 0.0
    """Seconds to think before."""
    drip: float = 0.0
    """Seconds to stream the text over."""


def read_turn(events: Sequence[Event]) -> Turn:
    """Find the newest turn: what follows the last answer, or the last interruption."""
    ends = [i for i, (kind, text) in enumerate(events) if kind == "end" or _is_interruption(kind, text)]
    at = ends[-1] + 1 if ends else 0
    texts = [_said(text) for kind, text in events[at:] if kind == "user"]
    return Turn(
        texts=[text for text in texts if text],
        results=[text for kind, text in events[at:] if kind == "result"],
        seen=frozenset(id_ for kind, text in events[:at] if kind == "result" for id_ in inbox_messages(text)),
    )


def next_step(turn: Turn, hint: re.Pattern[str]) -> Step:
    """Decide what the model does next in a turn."""
    script: list[tuple[str, str]] = []
    for text in turn.texts:
        script += _parsed(text) or ([("WAKE", "get_inbox {}")] if hint.search(text) else [])
    results, seen, wait, say, drip = list(turn.results), set(turn.seen), 0.0, "DONE", 0.0
    while script:
        kind, rest = script.pop(0)
        if kind == "WAIT":
            wait += max(float(rest[1:]) - time.time(), 0) if rest.startswith("@") else float(rest)
        elif kind == "SAY":
            say = rest
        elif kind == "DRIP":
            seconds, say = rest.split(" ", 1)
            drip = float(seconds)
        elif not results:
            return _call(rest, wait)
        else:
            result, wait = results.pop(0), 0.0
            if kind == "WAKE":
                script = [*_bodies_scripts(result, seen), *_another(result), *script]
            seen |= set(inbox_messages(result))
    return Step(text=say, wait=wait, drip=drip)


def inbox_messages(result: str) -> dict[str, str]:
    """Read message id and body from a get_inbox result; a result that is not JSON is one message."""
    match = re.search(r"\{.*\}", result, re.DOTALL)
    try:
        payload = _payload(json.loads(match.group(0)) if match else {})
        return {str(m.get("id", m)): m.get("body", "") for m in payload.get("messages", [])}
    except (json.JSONDecodeError, AttributeError, TypeError):
        return {result: result}


def pick(name: str, offered: Sequence[str]) -> str:
    """Find the offered tool that a bare name means; ours before a namesake of the client's own."""
    if name in offered:
        return name
    tails = [one for one in offered if one.split("__")[-1] == name or one.endswith(tuple(s + name for s in "_-/.:"))]
    return min(tails, key=lambda one: (SERVER not in one, len(one))) if tails else name


def pieces(step: Step) -> list[str]:
    """Cut the text of a step into what is streamed at a time."""
    return re.findall(r"\S+\s*", step.text) if step.drip else [step.text]


def _is_interruption(kind: str, text: str) -> bool:
    return kind == "user" and INTERRUPTED.search(text) is not None


def _said(text: str) -> str:
    def kept(reminder: re.Match[str]) -> str:
        return reminder["text"] if any(words in reminder["text"] for words in FROM_THE_USER) else ""

    return REMINDER.sub(kept, text).strip()


def _parsed(text: str) -> list[tuple[str, str]]:
    return SCRIPT_LINE.findall(text)


def _bodies_scripts(result: str, seen: set[str]) -> list[tuple[str, str]]:
    new = [body for id_, body in inbox_messages(result).items() if id_ not in seen]
    return [line for body in new for line in _parsed(body)]


def _another(result: str) -> list[tuple[str, str]]:
    """Call get_inbox again where its answer says that more is waiting."""
    return [("WAKE", "get_inbox {}")] if re.search(r'\\?"has_more\\?":\s*(?:true|[1-9])', result) else []


def _payload(answer: Any) -> Any:
    if isinstance(answer, dict) and "messages" not in answer:
        texts = [part["text"] for part in answer.get("content") or () if part.get("type") == "text"]
        return answer.get("structuredContent") or answer.get("result") or json.loads("".join(texts) or "{}")
    return answer


def _call(call: str, wait: float) -> Step:
    tool, _, raw = call.partition(" ")
    for candidate in (raw or "{}", raw.replace('\\"', '"')):  # some clients escape quotes
        try:
            return Step(tool=tool, arguments=json.loads(candidate), wait=wait)
        except json.JSONDecodeError:
            continue
    return Step(text=f"BAD SCRIPT {call!r}")
