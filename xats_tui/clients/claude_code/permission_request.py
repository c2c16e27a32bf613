"""Claude Code's `PermissionRequest` hook: the question in its event, and the output that answers it.

Claude Code shows its own dialog beside the running hook; whoever answers first decides.
"""

import json
from collections.abc import Mapping, Sequence
from difflib import unified_diff
from typing import Any

from xats_tui.clients.permission_hooks import HookQuestion
from xats_tui.core.model.client_states import DialogKind, DialogOption, Effect

SOURCE = "PermissionRequest hook"
"""The interface, for people."""

MAX_TEXT_CHARS = 20_000
"""Maximum characters of a question: tool inputs can be whole files."""

MAX_SUBJECT_CHARS = 300
MAX_LABEL_CHARS = 200

DENIED = "The operator denied this."
"""Reason that the model reads, if the person gave none."""

SUBJECTS = ("command", "file_path", "notebook_path", "url", "query", "pattern", "path", "description", "prompt")
"""Fields of a tool's input that say what it is about, the most telling first."""

QUESTIONS = "AskUserQuestion"
ONLY_AT_THE_PANE = frozenset({"ExitPlanMode"})
"""Tools whose dialog stays open whatever the hook allows."""

PLACES = {
    "session": "for this session",
    "localSettings": "in this project, for you",
    "projectSettings": "in this project, for everybody",
    "userSettings": "in all projects",
}
"""The place where a suggested permission is kept."""


def read_request(fields: Mapping[str, Any]) -> HookQuestion:
    """Return the question of a `PermissionRequest` event."""
    tool, given = str(fields.get("tool_name") or "")[:MAX_LABEL_CHARS], _mapping(fields.get("tool_input"))
    question = _lone_question(given) if tool == QUESTIONS else None
    if question is not None:
        return _of_question(given, question)
    if tool == QUESTIONS or tool in ONLY_AT_THE_PANE:
        return _permission(tool, given, ())
    suggestions = [_mapping(one) for one in _list(fields.get("permission_suggestions")) if _suggested(_mapping(one))]
    return _permission(tool, given, suggestions, is_answerable=True)


def _permission(
    tool: str, given: Mapping[str, Any], suggestions: Sequence[Mapping[str, Any]], *, is_answerable: bool = False
) -> HookQuestion:
    """Return whether a tool may be used; each suggestion is an answer of its own."""
    always = dict(enumerate(suggestions, 2))
    options = (
        DialogOption(number=1, label="Yes", effect=Effect.ALLOW),
        *(
            DialogOption(number=number, label=f"Yes, and {_suggested(suggestion)}", effect=Effect.ALLOW_ALWAYS)
            for number, suggestion in always.items()
        ),
        DialogOption(number=len(always) + 2, label="No", effect=Effect.DENY),
        DialogOption(number=len(always) + 3, label="No, and say why", effect=Effect.DENY, needs_typing=True),
    )

    def output(option: DialogOption, words: str) -> Mapping[str, Any]:
        if option.effect is Effect.DENY:
            return _decided(behavior="deny", message=words.strip() or DENIED)
        if option.effect is Effect.ALLOW_ALWAYS:
            return _decided(behavior="allow", updatedPermissions=[always[option.number]])
        return _decided(behavior="allow")

    return HookQuestion(
        source=SOURCE,
        tool_input=given,
        kind=DialogKind.QUESTION if tool == QUESTIONS else DialogKind.PERMISSION,
        tool=tool,
        subject=_subject(given),
        text=_text(tool, given),
        options=options if is_answerable else (),
        output=output,
    )


def _of_question(given: Mapping[str, Any], question: Mapping[str, Any]) -> HookQuestion:
    """Return a question of the model with its answers, and room for another one."""
    asked = str(question.get("question"))
    choices = [_mapping(choice) for choice in _list(question.get("options"))]
    labels = [str(choice.get("label")) for choice in choices]
    options = tuple(
        DialogOption(number=number, label=_line(label, MAX_LABEL_CHARS), note=_line(choice.get("description")))
        for number, (label, choice) in enumerate(zip(labels, choices, strict=True), 1)
    )
    other = DialogOption(number=len(options) + 1, label="Something else", needs_typing=True)

    def output(option: DialogOption, words: str) -> Mapping[str, Any]:
        answer = words.strip() if option.needs_typing else labels[option.number - 1]
        return _decided(behavior="allow", updatedInput={**given, "answers": {asked: answer}})

    return HookQuestion(
        source=SOURCE,
        tool_input=given,
        kind=DialogKind.QUESTION,
        tool="",
        subject=_line(asked),
        text=_cut(asked),
        options=(*options, other),
        output=output,
    )


def _lone_question(given: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the only question, if one of its answers is the whole answer."""
    questions = [_mapping(question) for question in _list(given.get("questions"))]
    alone = questions[0] if len(questions) == 1 else {}
    is_simple = isinstance(alone.get("question"), str) and not alone.get("multiSelect")
    return alone if is_simple and _list(alone.get("options")) else None


def _decided(**decision: Any) -> Mapping[str, Any]:
    return {"hookSpecificOutput": {"hookEventName": "PermissionRequest", "decision": decision}}


def _suggested(suggestion: Mapping[str, Any]) -> str:
    """Return what a suggested permission does; empty if it is not known, or would not allow anything."""
    place = PLACES.get(str(suggestion.get("destination")), "")
    match suggestion.get("type"):
        case "addRules" if suggestion.get("behavior") == "allow":
            rules = [_rule(_mapping(rule)) for rule in _list(suggestion.get("rules"))]
            what = f"always allow {', '.join(rules)}" if rules else ""
        case "addDirectories":
            folders = [str(folder) for folder in _list(suggestion.get("directories"))]
            what = f"allow access to {', '.join(folders)}" if folders else ""
        case "setMode" if suggestion.get("mode"):
            what = f"switch to mode {suggestion['mode']}"
        case _:
            what = ""
    return _line(f"{what} {place}", MAX_LABEL_CHARS) if what and place else ""


def _rule(rule: Mapping[str, Any]) -> str:
    content = rule.get("ruleContent")
    return f"{rule.get('toolName')}({content})" if content else str(rule.get("toolName"))


def _subject(given: Mapping[str, Any]) -> str:
    told = next((given[name] for name in SUBJECTS if isinstance(given.get(name), str) and given[name].strip()), None)
    return _line(told if told is not None else _list_of(given))


def _list_of(given: Mapping[str, Any]) -> str:
    questions = [str(_mapping(question).get("question")) for question in _list(given.get("questions"))]
    return " · ".join(questions) if questions else json.dumps(given, ensure_ascii=False) if given else ""


def _text(tool: str, given: Mapping[str, Any]) -> str:
    """Return a tool's input for reading: a diff where a file is changed, else field by field."""
    path = str(given.get("file_path") or "")
    if path and isinstance(given.get("content"), str):
        return _cut(_diff(path, "", given["content"]))
    if path and isinstance(given.get("new_string"), str):
        return _cut(_diff(path, str(given.get("old_string") or ""), given["new_string"]))
    edits = [_mapping(edit) for edit in _list(given.get("edits"))]
    if path and edits:
        changes = (_diff(path, str(edit.get("old_string") or ""), str(edit.get("new_string") or "")) for edit in edits)
        return _cut("\n".join(changes))
    return _cut("\n".join(f"{name}: {_shown(value)}" for name, value in given.items()))


def _diff(path: str, old: str, new: str) -> str:
    return "\n".join(unified_diff(old.splitlines(), new.splitlines(), path, path, lineterm=""))


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


def _cut(text: str) -> str:
    more = len(text) - MAX_TEXT_CHARS
    return f"{text[:MAX_TEXT_CHARS]}\n… and {more} more characters" if more > 0 else text


def _line(value: Any, room: int = MAX_SUBJECT_CHARS) -> str:
    """Return a text in one line."""
    line = " ".join(str(value or "")[: 2 * MAX_TEXT_CHARS].split())
    return line if len(line) <= room else f"{line[: room - 1]}…"


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
