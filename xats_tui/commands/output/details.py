"""Details that commands print: coordinator, agent, message, wakes, task, contract."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from shlex import quote
from typing import Any

from xats_tui.commands.output.lists import (
    CHANGES,
    agent_state,
    author,
    message_columns,
    message_state,
    mixes_teams,
    owner,
    task_state,
    wake_columns,
    wake_state,
)
from xats_tui.commands.output.summary import summary_facts
from xats_tui.commands.output.tables import Columns, Record, ago, facts, in_future, local, since, table, text
from xats_tui.screens.widgets.format import age, count, many_lines, one_line

WAKE_OF_ONE = ("agent", "state", "reason", "next", "tries")
"""Columns that tell the wakes of a message apart."""

WAKE_IN_OUTCOME = ("message", "agent", "state", "reason", "next", "team")
"""Columns for the outcome of messages."""

GATES: Columns = {"gate": text("name"), "open": lambda gate: "yes" if gate["holds"] else "no", "why": text("detail")}

WAYS: Columns = {
    "way": text("name"),
    "now": text("state"),
    "last used": ago("last_used_at"),
    "why": text("detail"),
}

ATTEMPTS: Columns = {
    "attempt": lambda attempt: str(attempt["number"]),
    "age": ago("at"),
    "by": text("transport"),
    "outcome": text("outcome"),
}

VERSIONS: Columns = {
    "version": lambda version: f"v{version['version']}",
    "change": lambda version: CHANGES[version["breaking"]],
    "by": author,
    "age": ago("registered_at"),
    "note": text("note"),
}

READERS: Columns = {
    "subscriber": text("name"),
    "has": lambda who: f"v{who['fetched_version']}" if who["fetched_version"] else "nothing",
    "since": ago("fetched_at"),
}


def status_facts(known: Record, wide: bool) -> str:
    """Return the coordinator's state and what needs the operator."""
    up = age(timedelta(seconds=known["uptime_seconds"]))
    at = f" in {one_line(known['terminal'])}" if known["terminal"] else ""
    return facts(
        {
            **({"NOT STORED": one_line(known["unstored"])} if known["unstored"] else {}),
            "coordinator": f"pid {known['pid']}, {known['url']}, version {one_line(known['version'])}, up {up}",
            "dashboard": f"open{at}" if known["screen"] else "not open",
            "agents": f"{known['agents']} registered, {known['agents_online']} online, "
            f"{count(known['sessions'], 'session')}",
            "wakes": f"{known['wakes_waiting']} waiting, {known['wakes_failed']} failed",
            "attention": "\n".join(_attention(known)) or "nothing",
        }
    )


def _attention(known: Record) -> list[str]:
    dialogs = f"{', '.join(map(one_line, known['dialogs']))}: `xats-tui dialogs`"
    said = (
        (known["dialogs"], f"{count(len(known['dialogs']), 'dialog')} open: {dialogs}"),
        (known["wakes_failed"], f"{count(known['wakes_failed'], 'wake')} failed: `xats-tui wakes --failed`"),
        (known["unread_for_operator"], f"{count(known['unread_for_operator'], 'unread message')} for you"),
        (known["unanswered"], f"{count(known['unanswered'], 'message')} without the requested reply"),
    )
    troubles = [f"{one_line(trouble['subject'])}: {one_line(trouble['text'])}" for trouble in known["troubles"]]
    return [*troubles, *(sentence for is_so, sentence in said if is_so)]


def agent_facts(agent: Record, wide: bool) -> str:
    """Return an agent's facts, followed by the gates."""
    oldest = f", the oldest for {since(agent['oldest_unread_at'])}" if agent["unread"] else ""
    known = facts(
        {
            "agent": one_line(f"{agent['name']}@{agent['team']}"),
            "id": one_line(agent["agent_id"]),
            "role": one_line(agent["role"]),
            "client": " ".join(map(one_line, filter(None, (agent["client"], agent["client_name"], agent["model"])))),
            "state": agent_state(agent),
            "reason": f"{one_line(agent['state_reason'])} ({one_line(agent['state_source'])})"
            if agent["state"]
            else "",
            "version": one_line(agent["reader_note"]),
            "pane": one_line(agent["tmux_pane_id"]) or "none",
            "delivery": one_line(agent["delivery"]["kind"]),
            "messages": f"{agent['unread']} unread{oldest}",
            "wakes": f"{agent['wakes_waiting']} waiting",
            "last call": local(agent["last_seen_at"]),
            "registered": local(agent["registered_at"]),
        }
    )
    return f"{known}\n\n{table(WAYS, agent['ways'], wide=wide)}\n\n{table(GATES, agent['gates'], wide=wide)}"


def message_facts(answer: Record, wide: bool) -> str:
    """Return a message with its text, followed by its recipients and their wakes."""
    copies, wakes = answer["messages"], answer["wakes"]
    first = copies[0]
    known = facts(
        {
            "message": one_line(first["id"]),
            "from": one_line(f"{first['from_name'] or first['from_agent_id']}@{first['from_team']}"),
            "to": ", ".join(one_line(copy["to_name"] or copy["to_agent_id"]) for copy in copies)
            + f" of {one_line(first['to_team'])}",
            "sent": local(first["sent_at"]),
            "state": message_state(first) if len(copies) == 1 else "",
            "subject": one_line(first["subject"]),
        }
    )
    parts = [known, many_lines(first["body"])]
    if len(copies) > 1:
        columns = message_columns(wide, mixes_teams(copies))
        parts.append(table({title: columns[title] for title in ("to", "state")}, copies, wide=wide))
    if wakes:
        columns = wake_columns(wide, mixes_teams(wakes))
        parts.append(table({title: columns[title] for title in WAKE_OF_ONE}, wakes, wide=wide))
    return "\n\n".join(parts)


def wake_facts(wakes: Sequence[Record], wide: bool) -> str:
    """Return the wakes of a message, each with its evidence and every attempt."""
    if not wakes:
        return "no agent is woken for this message"
    return "\n\n".join(_wake(wake, wide) for wake in wakes)


def _wake(wake: Record, wide: bool) -> str:
    evidence = "\n".join(f"{rung} {local(at)}" for rung, at in wake["evidence"].items())
    known = facts(
        {
            "message": one_line(wake["message_id"]),
            "agent": one_line(f"{wake['agent_name']}@{wake['team']}" if wake["agent_name"] else wake["agent_id"]),
            "state": wake_state(wake),
            "reason": one_line(wake["detail"] or wake["skip_reason"]),
            "evidence": evidence,
            "next try": in_future(wake["next_try_at"]) if wake["next_try_at"] else "none",
            "by": one_line(wake["transport"]),
        }
    )
    return f"{known}\n\n{table(ATTEMPTS, wake['tried'], wide=wide)}" if wake["tried"] else known


def task_facts(task: Record, wide: bool) -> str:
    """Return a task with its texts."""
    return facts(
        {
            "task": one_line(task["id"]),
            "title": one_line(task["title"]),
            "team": one_line(task["team"]),
            "state": task_state(task),
            "owner": owner(task),
            "waits for": "\n".join(map(one_line, task["waits_for"])),
            "blocks": str(task["blocks"] or ""),
            "created": local(task["created_at"]),
            "claimed": local(task["claimed_at"]),
            "completed": local(task["completed_at"]),
            "description": many_lines(task["description"] or ""),
            "result": many_lines(task["result"] or ""),
        }
    )


def contract_facts(contracts: Sequence[Record], wide: bool) -> str:
    """Return the contracts of a name with their versions, and who has fetched which."""
    return "\n\n".join(_contract(contract, wide) for contract in contracts)


def _contract(contract: Record, wide: bool) -> str:
    known = facts(
        {
            "contract": one_line(contract["name"]),
            "team": one_line(contract["team"]),
            "version": f"v{contract['version']}, {CHANGES[contract['breaking']]}",
            "by": author(contract),
            "registered": local(contract["registered_at"]),
        }
    )
    parts = [known, table(VERSIONS, contract["versions"], wide=wide)]
    if contract["subscribers"]:
        parts.append(table(READERS, contract["subscribers"], wide=wide))
    return "\n\n".join(parts)


def proof_facts(proof: Record, wide: bool) -> str:
    """Return how far a poke got, and the pane afterwards if it arrived."""
    return facts(
        {
            "agent": one_line(f"{proof['name']}@{proof['team']}"),
            "delivery": one_line(proof["step"]),
            "detail": one_line(proof["detail"]),
            "seen after": many_lines(proof["seen_after"].strip("\n")),
        }
    )


def dialog_facts(dialog: Record, wide: bool) -> str:
    """Return an open dialog with its text, its options, and how to answer it."""
    options = "\n".join(_option(option) for option in dialog["options"])
    known = facts(
        {
            "agent": _address(dialog),
            "kind": one_line(dialog["kind"]),
            "tool": one_line(dialog["tool"]),
            "asks": one_line(dialog["subject"]),
            "told by": one_line(dialog["interface"]),
            "open for": since(dialog["since"]),
            "options": options,
            "answer": one_line(dialog["why_not"]) or _way_to_answer(dialog),
        }
    )
    return f"{known}\n\n{many_lines(dialog['text'])}" if dialog["text"] else known


def _option(option: Record) -> str:
    told = [one_line(option["effect"]), "needs --text TEXT" if option["needs_text"] else "", one_line(option["note"])]
    more = ", ".join(filter(None, told))
    return f"{option['number']}  {one_line(option['label'])}{f'  ({more})' if more else ''}"


def _way_to_answer(dialog: Record) -> str:
    """Return the command that answers a dialog, ready for the choice."""
    effects = {option["effect"] for option in dialog["options"]}
    choices = [f"--{effect}" for effect in ("allow", "deny") if effect in effects]
    expected = quote(one_line(dialog["subject"]))
    return f"xats-tui answer {quote(_address(dialog))} {'|'.join([*choices, '--option N'])} --expect {expected}"


def _address(dialog: Record) -> str:
    return one_line(f"{dialog['name']}@{dialog['team']}")


def answer_facts(given: Record, wide: bool) -> str:
    """Return what was answered, and what the agent asks next."""
    answered, following = given["answered"], given["following"]
    told = facts(
        {
            "agent": _address(given),
            "asked": one_line(given["subject"]),
            "answered": f"{answered['number']}. {one_line(answered['label'])}",
            "taken by": one_line(given["interface"]),
        }
    )
    return f"{told}\n\nThe next question:\n\n{dialog_facts(following, wide)}" if following else told


def sent_facts(answer: Record, wide: bool) -> str:
    """Return the number of recipients, and how each is woken."""
    return _outcome(f"sent to {len(answer['wakes'])}", answer["wakes"], wide)


def replay_facts(answer: Record, wide: bool) -> str:
    """Return the number of replayed wakes, and the state of each."""
    return _outcome(f"replayed {answer['replayed']}", answer["wakes"], wide)


def _outcome(outcome: str, wakes: Sequence[Record], wide: bool) -> str:
    if not wakes:
        return outcome
    columns = wake_columns(wide, mixes_teams(wakes))
    shown = table({title: columns[title] for title in WAKE_IN_OUTCOME}, wakes, wide=wide)
    return f"{outcome}\n\n{shown}"


def save_facts(saved: Record, wide: bool) -> str:
    """Return the path of the saved file, and what to do with it."""
    file, database = one_line(saved["saved_as"]), one_line(saved["database"])
    told = f"saved as {file}"
    if not saved["lost"]:
        return told
    if file == database:
        return f"{told}: restart the coordinator to use it"
    return f"{told}: restart the coordinator with --db {quote(file)}, or move that file to {quote(database)}"


FACTS: Mapping[str, Callable[[Any, bool], str]] = {
    "status": status_facts,
    "agent": agent_facts,
    "message": message_facts,
    "wake": wake_facts,
    "task": task_facts,
    "contract": contract_facts,
    "dialog": dialog_facts,
    "answer": answer_facts,
    "poke": proof_facts,
    "send": sent_facts,
    "replay": replay_facts,
    "save": save_facts,
    "since": summary_facts,
}
"""Function for each kind of answer; its second argument says that nothing is to be cut."""
