"""One thing in full, as commands print it: the coordinator, an agent, a message, its wakes, a task, a contract."""

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
    owner,
    task_state,
    wake_columns,
    wake_state,
)
from xats_tui.commands.output.tables import Columns, Record, ago, facts, in_future, local, since, table, text
from xats_tui.screens.widgets.format import age, count, many_lines, one_line

WAKE_OF_ONE = ("agent", "state", "reason", "next", "tries")
"""The columns that tell the wakes of one message apart."""

WAKE_IN_OUTCOME = ("message", "agent", "state", "reason", "next", "team")
"""The columns that tell what became of messages."""

GATES: Columns = {"gate": text("name"), "open": lambda gate: "yes" if gate["holds"] else "no", "why": text("detail")}

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
    """How the coordinator does, and what needs the operator."""
    up = age(timedelta(seconds=known["uptime_seconds"]))
    at = f" in {one_line(known['terminal'])}" if known["terminal"] else ""
    return facts(
        {
            **({"NOT STORED": one_line(known["unstored"])} if known["unstored"] else {}),
            "coordinator": f"pid {known['pid']}, {known['url']}, version {one_line(known['version'])}, up {up}",
            "screen": f"dashboard{at}" if known["screen"] else "none",
            "agents": f"{known['agents']} registered, {known['agents_online']} online, "
            f"{count(known['sessions'], 'session')}",
            "wakes": f"{known['wakes_waiting']} waiting, {known['wakes_failed']} failed",
            "attention": "\n".join(_attention(known)) or "nothing",
        }
    )


def _attention(known: Record) -> list[str]:
    dialogs = ", ".join(map(one_line, known["dialogs"]))
    said = (
        (known["dialogs"], f"{count(len(known['dialogs']), 'dialog')} open: {dialogs}"),
        (known["wakes_failed"], f"{count(known['wakes_failed'], 'wake')} failed: `xats-tui wakes --failed`"),
        (known["unread_for_operator"], f"{count(known['unread_for_operator'], 'message')} to you unread"),
        (known["unanswered"], f"{count(known['unanswered'], 'message')} without the reply that it wants"),
    )
    troubles = [f"{one_line(trouble['subject'])}: {one_line(trouble['text'])}" for trouble in known["troubles"]]
    return [*troubles, *(sentence for is_so, sentence in said if is_so)]


def agent_facts(agent: Record, wide: bool) -> str:
    """One agent, and below it the gates."""
    oldest = f", the oldest for {since(agent['oldest_unread_at'])}" if agent["unread"] else ""
    known = facts(
        {
            "agent": one_line(f"{agent['name']}@{agent['team']}"),
            "id": one_line(agent["agent_id"]),
            "role": one_line(agent["role"]),
            "client": " ".join(map(one_line, filter(None, (agent["client"], agent["client_name"], agent["model"])))),
            "state": agent_state(agent),
            "screen": one_line(agent["pane_reason"]),
            "version": one_line(agent["reader_note"]),
            "pane": one_line(agent["tmux_pane_id"]) or "none",
            "delivery": one_line(agent["delivery"]["kind"]),
            "mail": f"{agent['unread']} unread{oldest}",
            "wakes": f"{agent['wakes_waiting']} waiting",
            "last call": local(agent["last_seen_at"]),
            "registered": local(agent["registered_at"]),
        }
    )
    return f"{known}\n\n{table(GATES, agent['gates'], wide=wide)}"


def message_facts(answer: Record, wide: bool) -> str:
    """One message with its text, and below it who got it and how each was woken."""
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
        columns = message_columns(wide)
        parts.append(table({title: columns[title] for title in ("to", "state")}, copies, wide=wide))
    if wakes:
        columns = wake_columns(wide)
        parts.append(table({title: columns[title] for title in WAKE_OF_ONE}, wakes, wide=wide))
    return "\n\n".join(parts)


def wake_facts(wakes: Sequence[Record], wide: bool) -> str:
    """The wakes of one message, each with its evidence and every attempt."""
    if not wakes:
        return "nobody is woken for that message"
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
    """One task with what it says."""
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
    """Contracts of one name with their versions and who has which."""
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
    """How far a poke got, and the pane afterwards if it arrived."""
    return facts(
        {
            "agent": one_line(f"{proof['name']}@{proof['team']}"),
            "proof": one_line(proof["step"]),
            "detail": one_line(proof["detail"]),
            "seen after": many_lines(proof["seen_after"].strip("\n")),
        }
    )


def sent_facts(answer: Record, wide: bool) -> str:
    """How many got a message, and how each is woken."""
    return _outcome(f"sent to {len(answer['wakes'])}", answer["wakes"], wide)


def replay_facts(answer: Record, wide: bool) -> str:
    """How many wakes are tried again, and where each stands."""
    return _outcome(f"replayed {answer['replayed']}", answer["wakes"], wide)


def _outcome(outcome: str, wakes: Sequence[Record], wide: bool) -> str:
    if not wakes:
        return outcome
    columns = wake_columns(wide)
    shown = table({title: columns[title] for title in WAKE_IN_OUTCOME}, wakes, wide=wide)
    return f"{outcome}\n\n{shown}"


def save_facts(saved: Record, wide: bool) -> str:
    """Where everything was saved, and what to do with it."""
    file, database = one_line(saved["saved_as"]), one_line(saved["database"])
    told = f"saved as {file}"
    if not saved["lost"]:
        return told
    if file == database:
        return f"{told}: stop the coordinator and start it again, and it goes on with that"
    return f"{told}: stop the coordinator, and start it with --db {quote(file)}, or move that file to {quote(database)}"


FACTS: Mapping[str, Callable[[Any, bool], str]] = {
    "status": status_facts,
    "agent": agent_facts,
    "message": message_facts,
    "wake": wake_facts,
    "task": task_facts,
    "contract": contract_facts,
    "poke": proof_facts,
    "send": sent_facts,
    "replay": replay_facts,
    "save": save_facts,
}
"""By what is shown; each is told whether nothing is to be cut."""
