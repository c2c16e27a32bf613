"""The exact keys of every answer: those of the reference, and ours on top, as docs/compatibility.md lists them."""

import re
from collections.abc import Mapping
from typing import Any

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

AGENT = {
    *("agent_id", "client", "client_name", "team", "role", "name", "model", "tmux_pane_id", "delivery"),
    *("channel_session_id", "last_seen_at", "online"),
}
SENT_SILENTLY = {"message_id", "event_id", "recipients", "poked", "retry_scheduled", "sent_at"}
SENT = SENT_SILENTLY | {"poke_skip_reasons"}
SENT_AND_RETRYING = SENT | {"retry_delays_s"}
SKIP_REASON = {"agent_id", "reason", "detail"}
INBOX = {"messages", "has_more", "last_event_id"}
INBOX_WITH_MORE = INBOX | {"waiting"}
MESSAGE = {
    *("id", "event_id", "from_team", "to_team", "from_agent_id", "to_agent_id", "to_role", "subject", "body"),
    *("need_reply", "sent_at", "from_role", "from_name"),
}
DELIVERY = {"message_id", "statuses"}
STATUS = {
    *("agent_id", "wake_status", "skip_reason", "retry_attempts", "updated_at", "delivered_at"),
    *("detail", "transport", "evidence", "next_try_at"),
}
TASK = {
    *("id", "team", "title", "description", "status", "depends_on", "claimed_by", "claimed_at", "completed_at"),
    *("result", "created_at"),
}
CONTRACT = {"name", "version", "schema", "format", "note", "registered_at"}
FIRST_VERSION = {"name", "version"}
NEXT_VERSION = FIRST_VERSION | {"diff", "compatibility", "reasons"}
DIFF = {"added_fields", "removed_fields", "changed_fields", "breaking"}
COMPARED = DIFF | {"compatibility", "reasons"}
CONTRACT_EVENTS = {"events", "has_more", "last_event_id"}
CONTRACT_EVENT = {"event_id", "contract_name", "version", "diff", "registered_at"}
CONTRACT_PUSH = {"type", "event_id", "contract_name", "version", "diff"}
CANDIDATE = {
    *("pane_id", "session_name", "window_index", "pane_index", "active", "tty", "current_path", "current_command"),
    *("title", "matched_processes", "score"),
}
REGISTERED = {"agent_id", "team"}


def exactly(answer: Mapping[str, Any], keys: set[str], *, maybe: frozenset[str] | set[str] = frozenset()) -> None:
    """An answer has these keys and no others; `maybe` may be there."""
    missing, extra = keys - answer.keys(), answer.keys() - keys - maybe
    assert not missing, f"missing {sorted(missing)} in {answer}"
    assert not extra, f"unexpected {sorted(extra)} in {answer}"


def is_uuid(value: object) -> bool:
    """Return whether the value is a UUID v4 in lower case."""
    return isinstance(value, str) and UUID.fullmatch(value) is not None


def is_time(value: object) -> bool:
    """Return whether the value is a UTC time with milliseconds and `Z`."""
    return isinstance(value, str) and TIME.fullmatch(value) is not None
