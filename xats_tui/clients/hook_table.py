"""`HookTable`: what the events of a client's hooks mean, where they say what, and the answer that a hook can give.

Standard library only: every spec may hold one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

EVENT_NAME = "hook_event_name"
"""The field in which an event says its own name."""

MAX_ASKED_CHARS = 100
"""Maximum characters of what an event says is asked."""


class HookMeaning(StrEnum):
    """What an event tells of its agent."""

    SESSION_BEGINS = "session begins"
    TURN_BEGINS = "turn begins"
    """The model was prompted."""
    WORKS = "works"
    ASKS = "asks"
    """A dialog waits for a person."""
    TOOL_RAN = "tool ran"
    """A tool was used, so a dialog about it was answered."""
    RESTS = "rests"
    """The turn is over, and the hook's answer begins no other one."""
    TURN_ENDS = "turn ends"
    """The model has finished its turn, and may be handed what waits."""
    SESSION_ENDS = "session ends"


class HookAnswer(StrEnum):
    """The form in which a hook at the end of a turn hands a text to the model."""

    BLOCK = "block"
    """The turn goes on, with the text as the reason."""
    FOLLOW_UP = "followup"
    """The text is the next prompt."""
    CONTEXT = "context"
    """The text is put beside what the model reads next."""
    DENY = "deny"
    """The end of the turn is denied, with the text as the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookEvent:
    """An event that is known."""

    name: str
    means: HookMeaning
    kinds: frozenset[str] = frozenset()
    """The kinds of it that mean this; all of them if empty."""
    is_set_up: bool = True
    """False if the event is understood, but `setup` and `launch` do not register it."""
    waits_s: int = 0
    """Seconds that `setup` and `launch` let its hook wait for a person, if the hook's output can answer what it asks
    (`read_request` in `permission_request.py`).
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class HookTable:
    """The hooks of a client.  The paths lead to fields of an event; dots lead into objects."""

    events: tuple[HookEvent, ...]
    session: str = "session_id"
    names_events: bool = True
    """False if an event does not say its own name: then the hook's command line does."""
    kind: str = "notification_type"
    """What tells the kinds of an event apart."""
    prompt: str = "prompt"
    says: tuple[str, ...] = ("tool_name", "message")
    """The first text found there is what is asked."""
    continued: str = "stop_hook_active"
    """True, or a number that is not 0, at the end of a turn that a hook began."""
    answer: HookAnswer | None = None
    """None if the end of a turn takes no answer."""

    @property
    def set_up(self) -> tuple[str, ...]:
        """The events that `setup` and `launch` register, in order."""
        return tuple(dict.fromkeys(event.name for event in self.events if event.is_set_up))

    def timeout_s(self, name: str) -> int:
        """Return the time limit to register an event with; 0 for the client's own."""
        return max((event.waits_s for event in self.events if event.name == name), default=0)

    def meaning(self, name: str, fields: Mapping[str, Any]) -> HookMeaning | None:
        """Return what an event means; None if it means nothing here."""
        kind = text_at(fields, self.kind)
        fits = (one for one in self.events if one.name == name and (not one.kinds or kind in one.kinds))
        return next((one.means for one in fits), None)

    def asked(self, fields: Mapping[str, Any]) -> str:
        """Return what an event asks, in one line; empty if it does not say."""
        said = (" ".join(text_at(fields, path)[: 10 * MAX_ASKED_CHARS].split()) for path in self.says)
        return next((text[:MAX_ASKED_CHARS] for text in said if text), "")

    def is_continued(self, fields: Mapping[str, Any]) -> bool:
        """Return whether a hook began the turn that ends with this event."""
        return bool(_at(fields, self.continued))

    def answered(self, name: str, text: str) -> Mapping[str, Any]:
        """Return the output of the hook of an event that hands a text to the model; empty if it takes none."""
        match self.answer:
            case HookAnswer.BLOCK:
                return {"decision": "block", "reason": text}
            case HookAnswer.FOLLOW_UP:
                return {"followup_message": text}
            case HookAnswer.CONTEXT:
                return {"hookSpecificOutput": {"hookEventName": name, "additionalContext": text}}
            case HookAnswer.DENY:
                return {"hookSpecificOutput": {"permissionDecision": "deny", "permissionDecisionReason": text}}
        return {}


def text_at(fields: Mapping[str, Any], path: str) -> str:
    """Return the text at a path; empty if there is none."""
    value = _at(fields, path)
    return value if isinstance(value, str) else ""


def _at(fields: Mapping[str, Any], path: str) -> Any:
    value: Any = fields
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
