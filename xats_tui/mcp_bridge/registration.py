"""The calls that a restarted coordinator must hear again, so that it knows the agent as before.

This module knows the tools that give a session its identity; it calls none of them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from xats_tui.core.call_meta import CALL_ID, UNASKED

Params = Mapping[str, Any]

REGISTER = frozenset({"register_agent", "register_claude_self", "register_codex_self"})
IN_USE = "name_in_use"
"""The refusal of a registration from the configuration: a living agent has the name."""

BIND = "bind_runtime_identity"
UNREGISTER = "unregister_self"

OF_ONE_CALL = frozenset({CALL_ID, UNASKED, "progressToken"})
"""Keys of `_meta` that concern a single call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedRegistration:
    """The last successful calls that gave this session its identity, as the `params` of their `tools/call`."""

    register: Params | None = None
    bind: Params | None = None
    """Made after `register`, for the same agent."""
    asked: bool = True
    """True if a model asked for it; false if only the configuration did."""

    @property
    def calls(self) -> tuple[Params, ...]:
        """The calls to make on a new session, in this order."""
        return tuple(call for call in (self.register, self.bind) if call is not None)

    def after(self, params: Params, result: Mapping[str, Any]) -> "RememberedRegistration":
        """Return what to remember after this call was answered with this result."""
        tool = params.get("name")
        if error_of(result) == "superseded":
            return RememberedRegistration()  # another agent has taken the name: a restart must not take it back
        if tool not in REGISTER | {BIND, UNREGISTER} or not succeeded(result):
            return self
        if tool == UNREGISTER:
            return RememberedRegistration()
        remembered = _to_be_said_again(params)
        return replace(self, bind=remembered) if tool == BIND else RememberedRegistration(register=remembered)


def succeeded(result: Mapping[str, Any]) -> bool:
    """Return whether a tool's answer is neither a tool error nor an object with `error`."""
    match result:
        case {"isError": True}:
            return False
        case _:
            answer = answer_of(result)
            return answer is not None and "error" not in answer


def answer_of(result: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the object that a tool answered with; None if the answer is not an object."""
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
    """Return the code with which a tool refused a call; None if it did not refuse."""
    return (answer_of(result) or {}).get("error")


def _to_be_said_again(params: Params) -> Params:
    meta = {key: value for key, value in (params.get("_meta") or {}).items() if key not in OF_ONE_CALL}
    return {**params, "_meta": meta}
