"""The commands for what agents ask a person: the open dialogs, and an answer to one of them."""

from collections.abc import Sequence

from pydantic import Field

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.backend.operator_api.base import Command, Word
from xats_tui.backend.operator_api.names import agent_meant
from xats_tui.backend.operator_api.records import Record, plain
from xats_tui.backend.tools.base import Answer, Arguments, Optional
from xats_tui.core.errors import Refusal
from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.model.client_states import SCREEN, Asked, Dialog, DialogOption, Effect
from xats_tui.core.model.panes import Option, PaneState
from xats_tui.core.refusals import sentence_of

WORDS = {Effect.ALLOW: "plain allow", Effect.DENY: "plain deny"}
"""Words for what `--allow` and `--deny` choose."""

FROM_THE_SCREEN = "the dialog is known from the screen alone, which does not tell what an option does"


class ListDialogsQuery(Arguments):
    team: Optional[Word] = None


class DialogQuery(Arguments):
    agent: Word
    expect: Optional[str] = None


class AnswerDialog(DialogQuery):
    effect: Optional[Effect] = Field(default=None, strict=False)
    option: Optional[int] = None
    text: str = ""


async def dialogs(operator: OperatorApi, arguments: ListDialogsQuery) -> Answer:
    """Return all open dialogs, by team and name of the agent."""
    roster = await operator.roster()
    entries = [entry for entry in roster if arguments.team in (None, entry.agent.team) and _asks(entry)]
    entries.sort(key=lambda entry: (entry.agent.team, entry.agent.name))
    return {"dialogs": [record for entry in entries for record in await _records(operator, entry)]}


async def dialog(operator: OperatorApi, arguments: DialogQuery) -> Answer:
    """Return the open dialog of one agent."""
    entry, asked = await _meant(operator, arguments)
    return _record(entry, asked)


async def answer(operator: OperatorApi, arguments: AnswerDialog) -> Answer:
    """Answer the open dialog of one agent, if it is the expected one."""
    entry, asked = await _meant(operator, arguments)
    option = _chosen(asked, arguments)
    following = await operator.answer(entry.agent.agent_id, asked, option.number, arguments.text)
    return {
        **_record(entry, asked),
        "answered": {"number": option.number, "label": option.label},
        "following": _record(entry, following) if following else None,
    }


def _asks(entry: RosterEntry) -> bool:
    return entry.state is not None and entry.state.state is PaneState.DIALOG


async def _records(operator: OperatorApi, entry: RosterEntry) -> list[Record]:
    try:
        return [_record(entry, asked) for asked in await operator.asked(entry.agent.agent_id)]
    except Refusal as refusal:
        return [{**_unread(entry), "why_not": sentence_of(refusal)}]


def _unread(entry: RosterEntry) -> Record:
    """Return what is known of a dialog whose question is not."""
    state = entry.state
    return {
        "agent_id": entry.agent.agent_id,
        "name": entry.agent.name,
        "team": entry.agent.team,
        "kind": "dialog",
        "tool": "",
        "subject": state.reason if state else "",
        "text": "",
        "interface": state.source if state else SCREEN,
        "since": plain(state.since) if state else None,
        "expires_at": None,
        "options": [],
        "why_not": "",
    }


def _record(entry: RosterEntry, asked: Asked) -> Record:
    """Return a dialog as JSON."""
    options = [_option(option) for option in asked.options]
    if isinstance(asked, Dialog):
        return {
            **_unread(entry),
            "kind": asked.kind,
            "tool": asked.tool,
            "subject": asked.subject,
            "text": asked.text,
            "interface": asked.source,
            "since": plain(asked.opened_at),
            "expires_at": plain(asked.expires_at),
            "options": options,
            "why_not": "" if options else "only the client's own dialog takes an answer",
        }
    subject = _subject(asked)
    known = {"subject": subject, "text": asked.text, "interface": SCREEN, "options": options, "why_not": asked.why_not}
    return {**_unread(entry), **known}


def _option(option: Option) -> Record:
    return {
        "number": option.number,
        "label": option.label,
        "note": option.note,
        "effect": option.effect if isinstance(option, DialogOption) else None,
        "needs_text": option.needs_typing,
    }


async def _meant(operator: OperatorApi, arguments: DialogQuery) -> tuple[RosterEntry, Asked]:
    """Return the agent and the one dialog that the operator means.

    Raises:
        Refusal: those of the verb `prompt`; `prompt_changed` if no open dialog has the expected text;
            `ambiguous_dialog` if several different ones could be meant.
    """
    entry = agent_meant(await operator.roster(), arguments.agent)
    asked = await operator.asked(entry.agent.agent_id) or (await operator.prompt(entry.agent.agent_id),)
    meant = [one for one in asked if arguments.expect is None or arguments.expect in _words_of(one)]
    if not meant:
        sentence = f"{entry.agent.address} asks something else: {_listed(asked)}; nothing was sent"
        raise Refusal("prompt_changed", sentence=sentence)
    if len({_words_of(one) for one in meant}) > 1:
        sentence = f"{entry.agent.address} asks several things: {_listed(meant)}; name one with --expect TEXT"
        raise Refusal("ambiguous_dialog", sentence=sentence)
    return entry, meant[0]


def _words_of(asked: Asked) -> str:
    return f"{_subject(asked)}\n{asked.text}"


def _listed(asked: Sequence[Asked]) -> str:
    return ", ".join(f"“{_subject(one)}”" for one in asked)


def _subject(asked: Asked) -> str:
    return asked.asks if isinstance(asked, Dialog) else asked.question or " ".join(asked.text.split())


def _chosen(asked: Asked, arguments: AnswerDialog) -> Option:
    """Return the option that the operator chose.

    Raises:
        Refusal: `invalid_arguments` without exactly one choice; `not_answerable` if the dialog does not offer it.
    """
    if (arguments.effect is None) == (arguments.option is None):
        raise Refusal("invalid_arguments", sentence="choose one answer: allow, deny, or the number of an option")
    if arguments.effect is not None:
        wanted = WORDS.get(arguments.effect, arguments.effect.value)
    else:
        wanted = f"option {arguments.option}"
    found = [option for option in asked.options if _is_meant(option, arguments)]
    # where an effect has two options, one of them takes words
    found.sort(key=lambda option: option.needs_typing != bool(arguments.text))
    if not found:
        raise Refusal("not_answerable", sentence=f"{_not_offered(asked, wanted)}; nothing was sent")
    return found[0]


def _is_meant(option: Option, arguments: AnswerDialog) -> bool:
    if arguments.effect is None:
        return option.number == arguments.option
    # a word that means one use never allows a later one
    return isinstance(option, DialogOption) and option.effect is arguments.effect


def _not_offered(asked: Asked, wanted: str) -> str:
    offered = ", ".join(f"{option.number}. {option.label}" for option in asked.options)
    if not offered:
        why = "" if isinstance(asked, Dialog) else asked.why_not
        return why or "only the client's own dialog takes an answer: look at the pane"
    if not isinstance(asked, Dialog) and wanted in WORDS.values():
        return f"{FROM_THE_SCREEN}: choose one with --option N: {offered}"
    return f"the dialog has no {wanted}; it offers {offered}"


DIALOGS = (
    Command(name="dialogs", arguments=ListDialogsQuery, run=dialogs),
    Command(name="dialog", arguments=DialogQuery, run=dialog),
    Command(name="answer", arguments=AnswerDialog, run=answer, changes=OperatorApi.answer.changes),
)
