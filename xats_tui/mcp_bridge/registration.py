"""What the coordinator must hear again after it was restarted, so that the agent is known there as before.

It knows the names of the tools that make a session somebody's; it calls nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from xats_tui.core.call_meta import CALL_ID, UNASKED

Params = Mapping[str, Any]

REGISTER = frozenset({"register_agent", "register_claude_self", "register_codex_self"})
IN_USE = "name_in_use"
"""The refusal of a registration that no model has called for: whoever has the name lives."""

BIND = "bind_runtime_identity"
UNREGISTER = "unregister_self"

OF_ONE_CALL = frozenset({CALL_ID, UNASKED, "progressToken"})
"""What the `_meta` of a call says of that call alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedRegistration:
    """The last calls that succeeded in making this session an agent's, as the `params` of their `tools/call`."""

    register: Params | None = None
    bind: Params | None = None
    """Made after `register`, for that agent."""
    asked: bool = True
    """A model has called for it; else it is the configuration's wish."""

    @property
    def calls(self) -> tuple[Params, ...]:
        """What to call on a new session, in this order."""
        return tuple(call for call in (self.register, self.bind) if call is not None)

    def after(self, params: Params, result: Mapping[str, Any]) -> "RememberedRegistration":
        """What to remember once this call was answered with this result."""
        tool = params.get("name")
        if error_of(result) == "superseded":
            return RememberedRegistration()  # another has taken the name: after a restart it must not be taken back
        if tool not in REGISTER | {BIND, UNREGISTER} or not succeeded(result):
            return self
        if tool == UNREGISTER:
            return RememberedRegistration()
        remembered = _to_be_said_again(params)
        return replace(self, bind=remembered) if tool == BIND else RememberedRegistration(register=remembered)


def succeeded(result: Mapping[str, Any]) -> bool:
    """Whether a tool's answer is neither a tool error nor an object that says `error`."""
    match result:
        case {"isError": True}:
            return False
        case _:
            answer = answer_of(result)
            return answer is not None and "error" not in answer


def answer_of(result: Mapping[str, Any]) -> dict[str, Any] | None:
    """The object that a tool answered with; None if its answer is none."""
    match result:
        case {"content": [{"type": "text", "text": str(text)}, *_]}:
            try:
                answer = json.loads(text)
            except ValueError:
                return None
            return answer if isinstance(answer, dict) else None
        case _:
            return None


def error_of(result: Mapping[str, Any]) -> object:
    """The code with which a tool refused a call; None if it did not."""
    return (answer_of(result) or {}).get("error")


def _to_be_said_again(params: Params) -> Params:
    meta = {key: value for key, value in (params.get("_meta") or {}).items() if key not in OF_ONE_CALL}
    return {**params, "_meta": meta}
