"""Requests of an opencode or its kin to a person, as dialogs, and the requests that answer them.  Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from xats_tui.core.errors import Refusal
from xats_tui.core.model.client_states import Dialog, DialogKind, DialogOption, Effect

ONCE, ALWAYS, REJECT = "once", "always", "reject"

MAX_SUBJECT_CHARS = 200
MAX_TEXT_CHARS = 20_000
MAX_OPTIONS = 50

SUBJECTS = ("command", "filepath", "filePath", "url", "query", "pattern", "path")
"""Keys of a permission's metadata that say what the tool is to be used on, the most telling first."""

ENDS_TURN, GOES_ON = "its turn ends", "its turn goes on with the reason"


class Reply(Struct, frozen=True, kw_only=True):
    """A request that answers a dialog."""

    path: str
    body: Mapping[str, Any] | None = None


class OpenDialog(Struct, frozen=True, kw_only=True):
    """A dialog, with the server's request that it shows and the reply that each option makes."""

    dialog: Dialog
    request: Mapping[str, Any]
    is_permission: bool

    def reply(self, option: DialogOption, text: str) -> Reply:
        """Return the request that chooses an option.

        Raises:
            Refusal: `not_answerable`: the option needs a text.
        """
        if option.needs_typing and not text.strip():
            raise Refusal("not_answerable", detail="this answer needs a text")
        request_id = self.request["id"]
        if not self.is_permission:
            if option.effect is Effect.DENY:
                return Reply(path=f"/question/{request_id}/reject")
            answer = text.strip() if option.needs_typing else option.label
            return Reply(path=f"/question/{request_id}/reply", body={"answers": [[answer]]})
        word = {Effect.ALLOW: ONCE, Effect.ALLOW_ALWAYS: ALWAYS}.get(option.effect or Effect.DENY, REJECT)
        reason = {"message": text.strip()} if option.needs_typing else {}
        return Reply(path=f"/permission/{request_id}/reply", body={"reply": word, **reason})


class Asker(Struct, frozen=True, kw_only=True):
    """The agent that asks a person."""

    agent_id: str
    client: str
    """Its program, for people."""

    @property
    def source(self) -> str:
        """The interface over which it asks."""
        return f"{self.client}'s server"


def permission(request: Mapping[str, Any], asker: Asker, at: datetime) -> OpenDialog:
    """Return the dialog of a request to use a tool."""
    tool = _text(request.get("permission"))
    metadata = request.get("metadata")
    known = metadata if isinstance(metadata, Mapping) else {}
    patterns, always = _texts(request.get("patterns")), _texts(request.get("always"))
    subject = next((_text(known.get(key)) for key in SUBJECTS if known.get(key)), ", ".join(patterns))
    told = [subject, _text(known.get("description")), _text(known.get("diff"))]
    if others := [pattern for pattern in patterns if pattern != subject]:
        told.append(f"patterns: {', '.join(others)}")
    lasting = f"until {asker.client} ends{': ' if always else ''}{', '.join(always)}"
    offered = (
        DialogOption(number=1, label="Allow once", effect=Effect.ALLOW),
        DialogOption(number=2, label="Allow always", note=lasting, effect=Effect.ALLOW_ALWAYS),
        DialogOption(number=3, label="Reject", note=ENDS_TURN, effect=Effect.DENY),
        DialogOption(number=4, label="Reject with a reason", note=GOES_ON, effect=Effect.DENY, needs_typing=True),
    )
    dialog = _dialog(request, asker, at, DialogKind.PERMISSION, tool, subject or tool, told, offered)
    return OpenDialog(dialog=dialog, request=request, is_permission=True)


def question(request: Mapping[str, Any], asker: Asker, at: datetime) -> OpenDialog:
    """Return the dialog of a question; one that takes more than one choice can only be dismissed from here."""
    asked = [one for one in _list(request.get("questions")) if isinstance(one, Mapping)]
    subject = _text(asked[0].get("question")) if asked else ""
    more = f" (and {len(asked) - 1} more)" if len(asked) > 1 else ""
    told = [line for one in asked for line in _described(one)]
    offered = _answers(asked[0]) if len(asked) == 1 and not asked[0].get("multiple") else []
    dismissed = DialogOption(number=len(offered) + 1, label="Dismiss", note=ENDS_TURN, effect=Effect.DENY)
    offered.append(dismissed)
    dialog = _dialog(request, asker, at, DialogKind.QUESTION, "", subject + more, told, offered)
    return OpenDialog(dialog=dialog, request=request, is_permission=False)


def _answers(asked: Mapping[str, Any]) -> list[DialogOption]:
    choices = [one for one in _list(asked.get("options")) if isinstance(one, Mapping) and _text(one.get("label"))]
    answers = [
        DialogOption(number=number, label=_text(one["label"]), note=_text(one.get("description")))
        for number, one in enumerate(choices[:MAX_OPTIONS], 1)
    ]
    if asked.get("custom") is not False:
        answers.append(DialogOption(number=len(answers) + 1, label="Another answer", needs_typing=True))
    return answers


def _described(asked: Mapping[str, Any]) -> list[str]:
    choices = [one for one in _list(asked.get("options")) if isinstance(one, Mapping)]
    several = " (several can be chosen)" if asked.get("multiple") else ""
    listed = [f"- {_text(one.get('label'))}: {_text(one.get('description'))}" for one in choices[:MAX_OPTIONS]]
    return [_text(asked.get("question")) + several, *listed]


def _dialog(
    request: Mapping[str, Any],
    asker: Asker,
    at: datetime,
    kind: DialogKind,
    tool: str,
    subject: str,
    told: Sequence[str],
    options: Sequence[DialogOption],
) -> Dialog:
    in_one_line = " ".join(subject.split())
    return Dialog(
        id=f"{asker.agent_id}/{request['id']}",
        agent_id=asker.agent_id,
        source=asker.source,
        kind=kind,
        tool=tool,
        subject=in_one_line if len(in_one_line) <= MAX_SUBJECT_CHARS else f"{in_one_line[: MAX_SUBJECT_CHARS - 1]}…",
        text="\n".join(part for part in told if part)[:MAX_TEXT_CHARS],
        options=tuple(options),
        opened_at=at,
    )


def _text(value: object) -> str:
    return value[:MAX_TEXT_CHARS] if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    return [_text(one) for one in _list(value) if isinstance(one, str)][:MAX_OPTIONS]


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else []
