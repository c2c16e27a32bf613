"""Columns of the tables that commands print, one function for each noun."""

from collections.abc import Callable, Mapping, Sequence

from xats_tui.commands.output.tables import Columns, Record, ago, identifier, in_future, since, table, text
from xats_tui.core.model.agents import OPERATOR_NAME
from xats_tui.screens.widgets.format import NOTHING, one_line

STATES = {"retrying": "waiting", "delivered": "delivered", "failed": "failed", "skipped": "skipped"}
"""Words of the dashboard for the states on the wire."""

CHANGES = {None: "first", False: "compatible", True: "breaking"}
"""Relation of a version to the one before, by whether it is breaking."""


def agent_columns(wide: bool, mixed: bool) -> Columns:
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


def message_columns(wide: bool, mixed: bool) -> Columns:
    """Return the columns of messages."""
    return {
        "id": identifier("id", wide),
        "age": ago("sent_at"),
        "from": lambda message: named(
            message["from_name"] or message["from_agent_id"], message["from_team"] if mixed else None
        ),
        "to": lambda message: named(
            message["to_name"] or message["to_agent_id"], message["to_team"] if mixed else None
        ),
        "state": message_state,
        "message": lambda message: one_line(message["subject"] or message["body"]),
        "team": text("to_team"),
    }


def wake_columns(wide: bool, mixed: bool) -> Columns:
    """Return the columns of wakes."""
    return {
        "message": identifier("message_id", wide),
        "agent": lambda wake: named(wake["agent_name"] or wake["agent_id"], wake["team"] if mixed else None),
        "state": wake_state,
        "reason": lambda wake: one_line(wake["detail"] or wake["skip_reason"]) or NOTHING,
        "next": lambda wake: in_future(wake["next_try_at"]),
        "age": ago("queued_at"),
        "tries": lambda wake: str(wake["attempts"]),
        "team": text("team"),
        "from": lambda wake: (
            named(wake["sender_name"] or wake["sender_id"], wake.get("sender_team") if mixed else None) or NOTHING
        ),
        "subject": text("subject"),
    }


def task_columns(wide: bool, mixed: bool) -> Columns:
    """Return the columns of tasks."""
    return {
        "id": identifier("id", wide),
        "team": text("team"),
        "state": task_state,
        "title": text("title"),
        "owner": lambda task: owner(task, task["team"] if mixed else None),
        "waits for": lambda task: str(len(task["waits_for"]) or NOTHING),
        "blocks": lambda task: str(task["blocks"] or NOTHING),
        "age": ago("created_at"),
    }


def contract_columns(wide: bool, mixed: bool) -> Columns:
    """Return the columns of contracts."""
    return {
        "name": text("name"),
        "team": text("team"),
        "version": lambda contract: f"v{contract['version']}",
        "change": lambda contract: CHANGES[contract["breaking"]],
        "fetched": fetched,
        "by": lambda contract: author(contract, contract["team"] if mixed else None),
        "age": ago("registered_at"),
    }


def dialog_columns(wide: bool, mixed: bool) -> Columns:
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


def found_columns(wide: bool, mixed: bool) -> Columns:
    """Return the columns of what a search has found."""
    return {
        "kind": text("kind"),
        "age": ago("at"),
        "who": text("who"),
        "to": text("to"),
        "text": found_text,
        "team": text("team"),
        "id": lambda hit: identifier("key", wide)(hit) if hit["kind"] in ("message", "task") else one_line(hit["key"]),
    }


def found_text(hit: Record) -> str:
    """Return the title and the text around the match, without saying anything twice."""
    parts = (one_line(hit["title"]), one_line(hit["excerpt"]))
    return ": ".join(part for part in parts if part) or NOTHING


COLUMNS: Mapping[str, Callable[[bool, bool], Columns]] = {
    "agents": agent_columns,
    "messages": message_columns,
    "wakes": wake_columns,
    "tasks": task_columns,
    "contracts": contract_columns,
    "dialogs": dialog_columns,
    "found": found_columns,
}
"""Function for each noun; its arguments say that nothing is to be cut, and that records are of several teams."""

TEAM_FIELDS = ("team", "from_team", "to_team", "sender_team")


WHEN_EMPTY = {"dialogs": "no dialog is open: no agent waits for an answer"}
"""Sentences for lists that say more than that they are empty."""


def list_of(noun: str, records: Sequence[Record], wide: bool) -> str:
    """Return the records as a table, or a note that there are none."""
    if not records:
        return WHEN_EMPTY.get(noun, f"no {noun}")
    return table(COLUMNS[noun](wide, mixes_teams(records)), records, wide=wide)


def mixes_teams(records: Sequence[Record]) -> bool:
    """Return whether the records are of several teams."""
    return len({record[field] for record in records for field in TEAM_FIELDS if record.get(field)}) > 1


def named(name: str | None, team: str | None) -> str:
    """Return an agent's name, with its team if one is given; the operator belongs to none."""
    return one_line(f"{name}@{team}" if name and team and name != OPERATOR_NAME else name)


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


def owner(task: Record, team: str | None = None) -> str:
    """Return a task's owner, with its team if one is given."""
    away = " (away)" if task["owner_online"] is False and task["status"] == "in_progress" else ""
    return named(task["owner_name"] or task["claimed_by"], team) + away or NOTHING


def author(contract: Record, team: str | None = None) -> str:
    """Return the author of a version, with its team if one is given."""
    return named(contract["registered_by_name"] or contract["registered_by"], team) or NOTHING


def fetched(contract: Record) -> str:
    """Return the share of subscribers that have the latest version."""
    having = [who for who in contract["subscribers"] if (who["fetched_version"] or 0) >= contract["version"]]
    return f"{len(having)}/{len(contract['subscribers'])}"
