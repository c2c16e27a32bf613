"""Columns of the tables that commands print, one function for each noun."""

from collections.abc import Callable, Mapping, Sequence

from xats_tui.commands.output.tables import Columns, Record, ago, identifier, in_future, since, table, text
from xats_tui.screens.widgets.format import NOTHING, one_line

STATES = {"retrying": "waiting", "delivered": "delivered", "failed": "failed", "skipped": "skipped"}
"""Words of the dashboard for the states on the wire."""

CHANGES = {None: "first", False: "compatible", True: "breaking"}
"""Relation of a version to the one before, by whether it is breaking."""


def agent_columns(wide: bool) -> Columns:
    """Return the columns of agents."""
    return {
        "name": text("name"),
        "team": text("team"),
        "state": agent_state,
        "unread": _unread,
        "wakes": lambda agent: str(agent["wakes_waiting"] or NOTHING),
        "client": text("client"),
        "role": text("role"),
        "pane": text("tmux_pane_id"),
        "seen": ago("last_seen_at"),
    }


def _unread(agent: Record) -> str:
    return f"{agent['unread']} ({since(agent['oldest_unread_at'])})" if agent["unread"] else NOTHING


def message_columns(wide: bool) -> Columns:
    """Return the columns of messages."""
    return {
        "id": identifier("id", wide),
        "age": ago("sent_at"),
        "from": lambda message: one_line(message["from_name"] or message["from_agent_id"]),
        "to": lambda message: one_line(message["to_name"] or message["to_agent_id"]),
        "state": message_state,
        "message": lambda message: one_line(message["subject"] or message["body"]),
        "team": text("to_team"),
    }


def wake_columns(wide: bool) -> Columns:
    """Return the columns of wakes."""
    return {
        "message": identifier("message_id", wide),
        "agent": lambda wake: one_line(wake["agent_name"] or wake["agent_id"]),
        "state": wake_state,
        "reason": lambda wake: one_line(wake["detail"] or wake["skip_reason"]) or NOTHING,
        "next": lambda wake: in_future(wake["next_try_at"]),
        "age": ago("queued_at"),
        "tries": lambda wake: str(wake["attempts"]),
        "team": text("team"),
        "from": lambda wake: one_line(wake["sender_name"] or wake["sender_id"]) or NOTHING,
        "subject": text("subject"),
    }


def task_columns(wide: bool) -> Columns:
    """Return the columns of tasks."""
    return {
        "id": identifier("id", wide),
        "team": text("team"),
        "state": task_state,
        "title": text("title"),
        "owner": owner,
        "waits for": lambda task: str(len(task["waits_for"]) or NOTHING),
        "blocks": lambda task: str(task["blocks"] or NOTHING),
        "age": ago("created_at"),
    }


def contract_columns(wide: bool) -> Columns:
    """Return the columns of contracts."""
    return {
        "name": text("name"),
        "team": text("team"),
        "version": lambda contract: f"v{contract['version']}",
        "change": lambda contract: CHANGES[contract["breaking"]],
        "fetched": fetched,
        "by": author,
        "age": ago("registered_at"),
    }


def dialog_columns(wide: bool) -> Columns:
    """Return the columns of dialogs."""
    return {
        "agent": lambda dialog: one_line(f"{dialog['name']}@{dialog['team']}"),
        "for": ago("since"),
        "kind": text("kind"),
        "tool": text("tool"),
        "asks": text("subject"),
        "options": dialog_options,
        "by": text("interface"),
    }


COLUMNS: Mapping[str, Callable[[bool], Columns]] = {
    "agents": agent_columns,
    "messages": message_columns,
    "wakes": wake_columns,
    "tasks": task_columns,
    "contracts": contract_columns,
    "dialogs": dialog_columns,
}
"""Function for each noun; its argument says that nothing is to be cut."""


WHEN_EMPTY = {"dialogs": "no dialog is open: no agent waits for an answer"}
"""Sentences for lists that say more than that they are empty."""


def list_of(noun: str, records: Sequence[Record], wide: bool) -> str:
    """Return the records as a table, or a note that there are none."""
    return table(COLUMNS[noun](wide), records, wide=wide) if records else WHEN_EMPTY.get(noun, f"no {noun}")


def agent_state(agent: Record) -> str:
    """Return an agent's state: from its client or its pane, otherwise from its calls."""
    if agent["resting"]:
        return "do not disturb"
    if agent["state"]:
        return f"{agent['state']} {since(agent['state_since'])}"
    return "online" if agent["online"] or agent["connected"] else f"away {since(agent['last_seen_at'])}"


def dialog_options(dialog: Record) -> str:
    """Return the answers that a dialog offers, in one line."""
    offered = ", ".join(f"{option['number']} {one_line(option['label'])}" for option in dialog["options"])
    return offered or NOTHING


def message_state(message: Record) -> str:
    """Return whether a message was read and, if a reply is requested, answered."""
    if message["answered_at"]:
        return "answered"
    if not message["read_at"]:
        return "unread"
    return "unanswered" if message["need_reply"] else "read"


def wake_state(wake: Record) -> str:
    """Return the highest stage with evidence, otherwise the wake's state."""
    for rung in ("read", "seen"):
        if rung in wake["evidence"]:
            return rung
    return STATES.get(str(wake["wake_status"]), str(wake["wake_status"]))


def task_state(task: Record) -> str:
    """Return a task's state."""
    return str(task["status"]).replace("_", " ")


def owner(task: Record) -> str:
    """Return a task's owner."""
    away = " (away)" if task["owner_online"] is False and task["status"] == "in_progress" else ""
    return one_line(task["owner_name"] or task["claimed_by"]) + away or NOTHING


def author(contract: Record) -> str:
    """Return the author of a version."""
    return one_line(contract["registered_by_name"] or contract["registered_by"]) or NOTHING


def fetched(contract: Record) -> str:
    """Return the share of subscribers that have the latest version."""
    having = [who for who in contract["subscribers"] if (who["fetched_version"] or 0) >= contract["version"]]
    return f"{len(having)}/{len(contract['subscribers'])}"
