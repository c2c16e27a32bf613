"""The nouns as commands print them: the fields that agents know from the tools, and the operator's own."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from xats_tui.backend.tools.agents import shown_agent
from xats_tui.backend.tools.answers.parts import shown_message
from xats_tui.backend.tools.messages import shown_wake
from xats_tui.backend.tools.tasks import shown_task
from xats_tui.core.clock import to_wire
from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.model.messages import Message
from xats_tui.core.model.tasks import TaskEntry
from xats_tui.core.model.wakes import Wake, WakeStage
from xats_tui.core.records import fields_of, is_record

Record = dict[str, Any]


def plain(value: Any) -> Any:
    """Return a record of the model as JSON, field by field, times in the wire's form."""
    if is_record(value):
        return {name: plain(one) for name, one in fields_of(value).items()}
    if isinstance(value, datetime):
        return to_wire(value)
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    return value


def agent_record(entry: RosterEntry) -> Record:
    """Return an agent with its messages, its wakes, its state and its pane."""
    view, state = entry.pane, entry.state
    return {
        **shown_agent(entry.agent, online=entry.online),
        "tmux_socket": entry.agent.binding.pane.socket if entry.agent.binding else None,
        "connected": entry.connected,
        "unread": entry.unread,
        "oldest_unread_at": plain(entry.oldest_unread_at),
        "wakes_waiting": entry.wakes_waiting,
        "state": state.state if state else None,
        "state_since": plain(state.since) if state else None,
        "state_reason": state.reason if state else None,
        "state_source": state.source if state else None,
        "pane_state": view.reading.state if view else None,
        "pane_state_since": plain(view.state_since) if view else None,
        "pane_reason": view.reading.reason if view else None,
        "reader_note": entry.reader_note,
        "resting": entry.resting,
        "resting_until": plain(entry.resting_until),
        "registered_at": plain(entry.agent.registered_at),
    }


def message_record(message: Message) -> Record:
    """Return a message to one recipient, with the time of its reading."""
    return {
        **shown_message(message),
        "to_name": message.to_name,
        "read_at": plain(message.read_at),
        "answered_at": plain(message.answered_at),
    }


def wake_record(wake: Wake, roster: Sequence[RosterEntry]) -> Record:
    """Return a wake with the names of sender and recipient, if they are still registered."""
    names = {entry.agent.agent_id: entry.agent for entry in roster}
    agent, sender = names.get(wake.agent_id), names.get(wake.sender_id or "")
    return {
        "message_id": wake.message_id,
        "agent_name": agent.name if agent else None,
        "team": agent.team if agent else None,
        "sender_id": wake.sender_id,
        "sender_name": sender.name if sender else wake.sender_id if wake.sender_id == "operator" else None,
        "sender_team": sender.team if sender else None,
        "subject": wake.subject,
        **shown_wake(wake),
        "attempts": wake.attempts,
        "failures": wake.failures,
        "queued_at": to_wire(wake.reached.get(WakeStage.QUEUED, wake.updated_at)),
        "expires_at": plain(wake.expires_at),
    }


def task_record(entry: TaskEntry) -> Record:
    """Return a task with its owner's name and its dependencies."""
    return {
        **shown_task(entry.task),
        "owner_name": entry.owner_name,
        "owner_online": entry.owner_online,
        "waits_for": list(entry.waits_for),
        "blocks": entry.blocks,
    }
