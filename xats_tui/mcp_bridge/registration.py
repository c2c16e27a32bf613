"""What the coordinator must hear again after it was restarted, so that the agent is known there as before.

It knows the names of the tools that make a session somebody's; it calls nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

Params = Mapping[str, Any]

REGISTER = frozenset({"register_agent", "register_claude_self", "register_codex_self"})
BIND = "bind_runtime_identity"
UNREGISTER = "unregister_self"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """The last calls that succeeded in making this session an agent's, as the `params` of their `tools/call`."""

    register: Params | None = None
    bind: Params | None = None
    """Made after `register`, for that agent."""

    @property
    def calls(self) -> tuple[Params, ...]:
        """What to call on a new session, in this order."""
        return tuple(call for call in (self.register, self.bind) if call is not None)

    def after(self, params: Params, result: Mapping[str, Any]) -> "Registration":
        """What to remember once this call was answered with this result."""
        tool = params.get("name")
        if tool not in REGISTER | {BIND, UNREGISTER} or not succeeded(result):
            return self
        if tool == UNREGISTER:
            return Registration()
        remembered = _without_progress(params)
        return replace(self, bind=remembered) if tool == BIND else Registration(register=remembered)


def succeeded(result: Mapping[str, Any]) -> bool:
    """Whether a tool's answer is neither a tool error nor an object that says `error`."""
    match result:
        case {"isError": True}:
            return False
        case {"content": [{"type": "text", "text": str(text)}, *_]}:
            return not _says_error(text)
        case _:
            return False


def _says_error(text: str) -> bool:
    try:
        answer = json.loads(text)
    except ValueError:
        return True
    return not isinstance(answer, dict) or "error" in answer


def _without_progress(params: Params) -> Params:
    """The call without the token under which the host wanted to hear of its progress, once."""
    meta = {key: value for key, value in (params.get("_meta") or {}).items() if key != "progressToken"}
    return {**params, "_meta": meta}
