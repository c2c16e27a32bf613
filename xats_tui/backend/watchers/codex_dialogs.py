"""Codex's requests for a person's decision: each as a `Dialog`, with the reply that each option stands for.

A request that this program cannot answer in full, such as a form, has no options: the window's own dialog stays.
"""

import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from xats_tui.backend.transports.json_rpc_stream import Incoming
from xats_tui.core.model.client_states import Dialog, DialogKind, DialogOption, Effect

SOURCE = "Codex app-server"

COMMAND = "item/commandExecution/requestApproval"
FILES = "item/fileChange/requestApproval"
PERMISSIONS = "item/permissions/requestApproval"
FORM = "mcpServer/elicitation/request"
QUESTION = "item/tool/requestUserInput"

FILE_CHANGE = "fileChange"
"""Type of the item that holds the changes of files."""

WORDS: dict[str, tuple[str, Effect]] = {
    "accept": ("Yes, proceed", Effect.ALLOW),
    "acceptForSession": ("Yes, and don't ask again in this session", Effect.ALLOW_ALWAYS),
    "decline": ("No, go on without it", Effect.DENY),
    "cancel": ("No, and stop the turn", Effect.DENY),
}
"""Labels and effects of the server's own decision words."""

TOOL_CALL = "mcp_tool_call"
"""Kind of a form that asks about a call of an MCP server's tool."""

MAX_CHARS = 20_000
"""Maximum length of a dialog's text; a diff can be longer."""

LAST_STAMP_MS = 10**14
"""Beyond the year 5000: no stamp."""

Reply = Mapping[str, Any]


class Request(Struct, frozen=True, kw_only=True):
    """A request of the server for a person's decision."""

    dialog: Dialog
    replies: tuple[Reply, ...]
    """The result to send for each option, in their order."""


class _Asked(Struct, frozen=True, kw_only=True):
    """The question of a request, without the facts that all requests share."""

    tool: str
    subject: str
    lines: Sequence[str]
    options: Sequence[tuple[DialogOption, Reply]] = ()
    kind: DialogKind = DialogKind.PERMISSION


def thread_of(asked: Incoming) -> str | None:
    """Return the thread of a request for a decision; None for other messages."""
    thread_id = asked.params.get("threadId")
    return thread_id if asked.method in READERS and isinstance(thread_id, str) else None


def request_of(asked: Incoming, item: Mapping[str, Any], agent_id: str, now: datetime) -> Request:
    """Return a request as a dialog of an agent; `item` is the thread's item that it is about, if it is known."""
    found, params = READERS[asked.method](asked.params, item), asked.params
    started = params.get("startedAtMs")
    opened_at = at_of(started) or now
    about = params.get("approvalId") or params.get("itemId") or params.get("elicitationId") or ""
    # the server counts its requests anew after a restart; item and time tell them apart
    marks = (agent_id, params.get("threadId"), params.get("turnId"), about, asked.request_id, started or "")
    numbered = [option for option, _ in found.options]
    dialog = Dialog(
        id="codex " + " ".join(map(str, marks)),
        agent_id=agent_id,
        source=SOURCE,
        kind=found.kind,
        tool=found.tool,
        subject=" ".join(found.subject.split()),
        text=_clipped("\n".join(found.lines)),
        options=tuple(numbered),
        opened_at=opened_at,
    )
    return Request(dialog=dialog, replies=tuple(reply for _, reply in found.options))


def at_of(milliseconds: object) -> datetime | None:
    """Return the time of a server's stamp; None if it is none."""
    if not isinstance(milliseconds, int) or not 0 < milliseconds < LAST_STAMP_MS:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _command(params: Mapping[str, Any], item: Mapping[str, Any]) -> _Asked:
    actions = [one.get("command") for one in _objects(params.get("commandActions"))]
    whole = _text(params.get("command"))
    command = " && ".join(one for one in actions if isinstance(one, str)) if actions else whole
    network = params.get("networkApprovalContext")
    host = _text(network.get("host")) if isinstance(network, Mapping) else ""
    lines = [
        f"Command: {whole}" if whole else "",
        f"Network access to: {host}" if host else "",
        f"Folder: {_text(params.get('cwd'))}" if params.get("cwd") else "",
        f"Reason: {_text(params.get('reason'))}" if params.get("reason") else "",
        f"More permissions: {params['additionalPermissions']}" if params.get("additionalPermissions") else "",
    ]
    offered = params.get("availableDecisions")
    decisions = offered if isinstance(offered, list) else list(WORDS)
    options = [(label, effect, {"decision": one}) for one in decisions for label, effect in _worded(one)]
    subject = command or (f"network access to {host}" if host else "a command")
    return _Asked(tool="shell", subject=subject, lines=[*filter(None, lines)], options=_numbered(options))


def _worded(decision: object) -> list[tuple[str, Effect]]:
    """Return label and effect of a decision of the server; nothing for one that is not known."""
    if isinstance(decision, str):
        return [WORDS[decision]] if decision in WORDS else []
    if not isinstance(decision, Mapping):
        return []
    match dict(decision):
        case {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": [*words]}}:
            line = shlex.join(map(str, words))
            return [(f"Yes, and don't ask again for commands that start with `{line}`", Effect.ALLOW_ALWAYS)]
        case {"applyNetworkPolicyAmendment": {"network_policy_amendment": {"host": host, "action": "allow"}}}:
            return [(f"Yes, and always allow access to {host}", Effect.ALLOW_ALWAYS)]
    return []


def _files(params: Mapping[str, Any], item: Mapping[str, Any]) -> _Asked:
    changes = _objects(item.get("changes"))
    paths = [_text(one.get("path")) for one in changes]
    root = params.get("grantRoot")
    lines = [f"Reason: {_text(params.get('reason'))}"] if params.get("reason") else []
    lines += [f"Also allows later writes below: {_text(root)}"] if root else []
    lines += [] if changes else ["Which files are changed, and how, is shown in the window only."]
    for path, change in zip(paths, changes, strict=True):
        kind = change.get("kind")
        what = _text(kind.get("type")) if isinstance(kind, Mapping) else ""
        lines += [f"{what} {path}".strip(), _text(change.get("diff")).rstrip("\n")]
    words = WORDS | {"acceptForSession": ("Yes, and don't ask again for these files", Effect.ALLOW_ALWAYS)}
    options = [(label, effect, {"decision": word}) for word, (label, effect) in words.items()]
    # nobody is asked to allow what is not shown
    shown = _numbered(options) if changes else []
    return _Asked(tool="apply_patch", subject=", ".join(paths) or "changes of files", lines=lines, options=shown)


def _permissions(params: Mapping[str, Any], item: Mapping[str, Any]) -> _Asked:
    lines = [f"Permissions: {params.get('permissions')}", f"Folder: {_text(params.get('cwd'))}"]
    lines += [f"Reason: {_text(params.get('reason'))}"] if params.get("reason") else []
    return _Asked(tool="permissions", subject="more permissions", lines=lines)


def _form(params: Mapping[str, Any], item: Mapping[str, Any]) -> _Asked:
    """Read the form of an MCP server; Codex asks about calls of its tools by a form without fields."""
    meta = params.get("_meta")
    known: Mapping[str, Any] = meta if isinstance(meta, Mapping) else {}
    message, server = _text(params.get("message")), _text(params.get("serverName"))
    if known.get("codex_approval_kind") != TOOL_CALL:
        return _Asked(tool=server, subject=message or f"a form of {server}", lines=[message], kind=DialogKind.QUESTION)
    arguments = known.get("tool_params")
    lines = [message, *([f"Arguments: {arguments}"] if arguments else [])]
    options: list[tuple[str, Effect, Reply]] = [("Allow", Effect.ALLOW, _decided("accept"))]
    persist = known.get("persist")
    offered = persist if isinstance(persist, list) else [persist]
    if "session" in offered:
        options.append(("Allow for this session", Effect.ALLOW_ALWAYS, _decided("accept", persist="session")))
    if "always" in offered:
        options.append(("Always allow", Effect.ALLOW_ALWAYS, _decided("accept", persist="always")))
    options.append(("Cancel this call", Effect.DENY, _decided("cancel")))
    tool = f"{server}: {_text(known.get('tool_name'))}" if known.get("tool_name") else server
    return _Asked(tool=tool, subject=message, lines=lines, options=_numbered(options))


def _decided(action: str, persist: str | None = None) -> Reply:
    content: Mapping[str, Any] | None = {} if action == "accept" else None
    return {"action": action, "content": content, "_meta": {"persist": persist} if persist else None}


def _question(params: Mapping[str, Any], item: Mapping[str, Any]) -> _Asked:
    """Read a question of the model; several at once, and secrets, are for the window."""
    questions = _objects(params.get("questions"))
    texts = [_text(one.get("question")) for one in questions]
    choices = _objects(questions[0].get("options")) if len(questions) == 1 else []
    if any(one.get("isSecret") for one in questions):
        choices = []
    options = [
        (
            DialogOption(number=number, label=_text(one.get("label")), note=_text(one.get("description"))),
            {"answers": {_text(questions[0].get("id")): {"answers": [_text(one.get("label"))]}}},
        )
        for number, one in enumerate(choices, 1)
    ]
    return _Asked(tool="", subject="; ".join(texts), lines=texts, options=options, kind=DialogKind.QUESTION)


READERS = {COMMAND: _command, FILES: _files, PERMISSIONS: _permissions, FORM: _form, QUESTION: _question}
"""The reader of each request for a decision."""


def _numbered(options: Sequence[tuple[str, Effect, Reply]]) -> list[tuple[DialogOption, Reply]]:
    return [
        (DialogOption(number=number, label=label, effect=effect), reply)
        for number, (label, effect, reply) in enumerate(options, 1)
    ]


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _clipped(text: str) -> str:
    return text if len(text) <= MAX_CHARS else f"{text[:MAX_CHARS]}\n[cut here: the window shows all of it]"
