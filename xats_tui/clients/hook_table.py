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
    """The meaning of an event: what it tells of its agent."""

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


TOOL_PATHS = ("tool_name", "toolName", "postToolUse.toolName")
"""Paths at which clients name the tool that an event is about."""

SUBJECT_PATHS = ("tool_input.command", "tool_input.file_path", "tool_input.path", "tool_input.url")
"""Paths at which clients name the command or file that a tool is used on."""

MODEL_PATHS = ("model", "model.id")
"""Paths at which clients name the model."""

# Qwen Code counts them at the end of a turn, Gemini CLI with each answer of the model.
TOKEN_PATHS = ("input_tokens", "llm_response.usageMetadata.totalTokenCount")
"""Paths at which clients count the tokens of the conversation."""

MAX_TOKENS = 10**12
"""No conversation has more tokens; a larger number is no count."""

MAX_TOLD_CHARS = 120
"""Maximum characters that are kept of a tool or a model."""


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
    """The field that tells the kinds of an event apart."""
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
        return bool(value_at(fields, self.continued))

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


def told_tool(fields: Mapping[str, Any]) -> str:
    """Return the tool that an event is about, and what it is used on, in one line; empty if it is about none."""
    tool, subject = _first(fields, TOOL_PATHS), _first(fields, SUBJECT_PATHS)
    return _short(f"{tool}: {subject}") if tool and subject else tool


def told_model(fields: Mapping[str, Any]) -> str:
    """Return the model that an event names; empty if it names none."""
    return _first(fields, MODEL_PATHS)


def told_tokens(fields: Mapping[str, Any]) -> int | None:
    """Return the tokens that an event counts; None if it counts none."""
    counted = (value_at(fields, path) for path in TOKEN_PATHS)
    return next((value for value in counted if type(value) is int and 0 <= value <= MAX_TOKENS), None)


def _first(fields: Mapping[str, Any], paths: tuple[str, ...]) -> str:
    """Return the first text found, in one line."""
    found = (" ".join(text_at(fields, path)[: 10 * MAX_TOLD_CHARS].split()) for path in paths)
    return next((_short(text) for text in found if text), "")


def _short(text: str) -> str:
    return text if len(text) <= MAX_TOLD_CHARS else f"{text[: MAX_TOLD_CHARS - 1]}…"


def text_at(fields: Mapping[str, Any], path: str) -> str:
    """Return the text at a path; empty if there is none."""
    value = value_at(fields, path)
    return value if isinstance(value, str) else ""


def value_at(fields: Mapping[str, Any], path: str) -> Any:
    """Return the value at a path; None if there is none."""
    value: Any = fields
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
