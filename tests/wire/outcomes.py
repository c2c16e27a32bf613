"""Every tool with every outcome that a client can meet.

An outcome begins with its kind: `ok`, `tool error`, or the code of an error payload; what follows a colon says when.
`producers.py` knows the scenarios that show them; tests/wire/test_every_outcome.py runs them and finds what is missing.
"""

from collections.abc import Mapping

OPEN_TOOLS = (
    "echo",
    "whoami",
    "pre_register_codex_pane",
    "detect_tmux_pane",
    "register_agent",
    "register_claude_self",
    "register_codex_self",
)
"""Tools that an unregistered caller may use; every other one answers `unknown_agent`."""

REGISTRATION_ERRORS = ("invalid_name", "invalid_role", "invalid_team")

CLAUDE_REGISTRATION = (
    "ok: a new agent",
    "ok: bound to the pane of its pid",
    "ok: bound to the channel of its pid",
    "ok: bound to the channel that it names",
    "ok: a pid that proves nothing is no obstacle",
    "ui_pid_client_mismatch",
    "channel_session_id_ui_pid_mismatch",
    "unknown_channel_session",
    "invalid_channel_session_id",
    *REGISTRATION_ERRORS,
)

CODEX_ERRORS = (
    "missing_auth_token",
    "unsupported_client: unreachable",
    "unsupported_client: no Codex protocol",
    "codex_loaded_list_failed",
    "no_loaded_threads",
    "thread_id_required",
    "codex_resume_failed: the thread that was named",
    "codex_resume_failed: every loaded thread",
    "invalid_delivery: a thread id that is none",
)

SENDING = ("ok: nowhere to wake", "ok: not to be woken", "unknown_recipient", "body_too_large")

OUTCOMES: Mapping[str, tuple[str, ...]] = {
    "whoami": ("ok", "ok: nobody yet", "ok: superseded"),
    "echo": ("ok", "ok: without registration", "tool error: no text", "tool error: null"),
    "pre_register_codex_pane": (
        "ok",
        "ok: the time to live is capped",
        "ok: again for the same pane",
        "tool error: no pane id",
        "tool error: a pane id of another form",
        "tool error: an empty agent id",
        "tool error: a time to live that is none",
    ),
    "detect_tmux_pane": (
        "ok",
        "ok: without registration",
        "not_found",
        "ambiguous_match",
        "tmux_unavailable",
        "invalid_arguments",
        "tool error: an agent that is none",
    ),
    "register_agent": (
        *CLAUDE_REGISTRATION,
        "name_in_use",
        "ok: all fields",
        "ok: again, with the id kept",
        "ok: eight at once are one agent",
        "ok: the team of a project",
        "ok: a delivery",
        "ok: a delivery kept and cleared",
        "ok: a Codex agent without a thread",
        "ok: a Codex agent with its thread",
        "ok: a Codex agent by its pre-registered pane",
        "ok: a channel proxy",
        "ok: hosts are re-pointed to the new channel of their pid",
        *CODEX_ERRORS,
        "invalid_delivery: a kind that is none",
        "invalid_delivery: no channel",
        "invalid_delivery: no thread",
        "invalid_delivery: no URL",
        "invalid_delivery: a blank token reference",
        "storage_unavailable",
        "ok: null and empty text for what may be left out",
        "tool error: a required field is missing",
        "tool error: a client that is none",
        "tool error: an empty name",
        "tool error: a pid that is none",
        "tool error: a delivery of no kind",
        "tool error: a pane is not for the caller to name",
        "tool error: fields that do not go together",
    ),
    "register_claude_self": (*CLAUDE_REGISTRATION, "tool error: no name"),
    "register_codex_self": (
        "ok: with its thread",
        "ok: the URL of the environment",
        *CODEX_ERRORS,
        *REGISTRATION_ERRORS,
        "tool error: no name",
        "tool error: a pid",
    ),
    "unregister_self": ("ok", "ok: the same id and mail after a return", "tasks_in_progress"),
    "list_agents": ("ok", "ok: a damaged row harms nobody else", "ok: what a delivery hides", "unknown_cursor"),
    "send_message": (
        *SENDING,
        "ok: delivered to a pane",
        "forbidden_role: a channel proxy",
        "ok: a busy pane",
        "ok: no tmux",
        "ok: to another team",
        "ok: to oneself",
        "storage_unavailable",
        "tool error: no body",
        "tool error: an empty body",
        "tool error: an empty name",
        "tool error: an answer wanted or not",
        "ok: null and empty text for what may be left out",
    ),
    "send_message_by_id": (
        *SENDING,
        "unknown_recipient: an agent of another team",
        "tool error: no body",
        "tool error: an empty id",
    ),
    "broadcast": (
        "ok",
        "ok: not to be woken",
        "ok: the idle are left out",
        "forbidden_role: a channel proxy",
        "ok: channel proxies are left out",
        "unknown_recipient",
        "body_too_large",
        "tool error: an empty body",
    ),
    "broadcast_to_role": (
        "ok",
        "ok: not to be woken",
        "ok: one copy for each",
        "unknown_recipient",
        "body_too_large",
        "tool error: an empty role",
        "tool error: an empty body",
    ),
    "get_inbox": (
        "ok: unread",
        "ok: empty",
        "ok: history",
        "forbidden_role: a channel proxy",
        "ok: pages",
        "ok: a broadcast's rows",
        "ok: a long message in parts",
        "unknown_part",
        "tool error: a part of new mail",
        "tool error: a limit of nothing",
        "tool error: a limit that is no integer",
        "tool error: a cursor before the start",
    ),
    "get_delivery_status": (
        "ok: skipped",
        "ok: of a broadcast",
        "ok: one recipient of a broadcast",
        "ok: from a new session of the sender",
        "unknown_message: none of that id",
        "unknown_message: of another sender",
        "unknown_cursor",
        "tool error: no id",
    ),
    "search_messages": (
        "ok: own mail",
        "ok: pages",
        "ok: nothing",
        "forbidden_role: a channel proxy",
        "unknown_name",
        "invalid_query",
        "unknown_cursor",
        "tool error: no query",
        "tool error: a limit of nothing",
    ),
    "task_add": (
        "ok",
        "ok: a dependency named twice",
        "unknown_dependency: no task",
        "forbidden_role: a channel proxy",
        "unknown_dependency: another team's task",
        "storage_unavailable",
        "tool error: no title",
        "tool error: an empty title",
        "ok: null for what may be left out",
        "tool error: dependencies that are no list",
    ),
    "task_claim": (
        "ok",
        "unknown_task: none of that id",
        "unknown_task: another team's",
        "already_claimed: by another",
        "already_claimed: by the caller",
        "already_claimed: completed",
        "already_claimed: nineteen of twenty",
        "dependencies_pending",
        "tool error: no id",
    ),
    "task_complete": (
        "ok",
        "unknown_task",
        "invalid_status: pending",
        "invalid_status: completed",
        "not_owner",
        "tool error: no id",
    ),
    "task_list": (
        "ok",
        "ok: of one status",
        "ok: one task",
        "ok: pages",
        "unknown_task",
        "unknown_part",
        "unknown_cursor",
        "tool error: a status that is none",
        "tool error: a part of no task",
    ),
    "register_contract": (
        "ok: the first version",
        "ok: the next version",
        "ok: the same schema again",
        "ok: ten at once",
        "forbidden_role: a channel proxy",
        "ok: what the diff does not see",
        "invalid_contract_name",
        "invalid_schema",
        "schema_too_large",
        "storage_unavailable",
        "tool error: a schema that is no object",
        "tool error: an empty name",
        "tool error: another format",
    ),
    "subscribe_contract": (
        "ok: before it exists",
        "ok: a version there is",
        "invalid_contract_name",
        "tool error: an empty name",
    ),
    "get_contract": (
        "ok: the latest",
        "ok: an older version",
        "unknown_contract",
        "unknown_contract: another team's",
        "unknown_version",
        "ok: a long one in parts",
        "unknown_part",
        "tool error: no name",
    ),
    "diff_contracts": (
        "ok",
        "ok: backwards and to itself",
        "unknown_contract",
        "unknown_version",
        "unknown_part",
        "tool error: no version",
    ),
    "bind_channel": (
        "ok",
        "invalid_channel_session_id",
        "unknown_channel_session",
        "forbidden_role",
        "tool error: an empty id",
    ),
    "bind_runtime_identity": (
        "ok: by pid",
        "ok: by tty and pane",
        "invalid_arguments: nothing to go by",
        "invalid_arguments: no pattern",
        "invalid_arguments: before registration",
        "invalid_process_pattern",
        "invalid_runtime_identity",
        "pid_not_found",
        "agent_process_mismatch",
        "pid_has_no_tty",
        "tmux_pane_not_found: of a pid",
        "tmux_pane_not_found: of that id",
        "pane_in_use",
        "pid_pane_tty_mismatch: of a pid",
        "pid_pane_tty_mismatch: of a tty",
        "tty_maps_to_no_agent_process",
        "tmux_unavailable",
        "ok: a window in two sessions is one pane",
        "tool error: a pid that is none",
    ),
    "subscribe_channel_wake": (
        "ok",
        "ok: two channels of one session",
        "channel_in_use",
        "invalid_channel_session_id",
        "forbidden_role",
        "tool error: an empty id",
    ),
    "pending_contract_events": (
        "ok",
        "ok: pages",
        "ok: of subscribed contracts only",
        "tool error: a limit of nothing",
    ),
}

ALSO_EVERYWHERE = ("tool error: an argument that is none of its own",)

UNREACHABLE: Mapping[str, str] = {
    "ambiguous_tty_match": "two living panes with one tty, which tmux does not make",
}
"""Codes in the source that no tool's caller can meet, and why."""

Pair = tuple[str, str]
"""A tool and an outcome."""


def pairs() -> list[Pair]:
    """The table as a list."""
    own = [(tool, outcome) for tool, outcomes in OUTCOMES.items() for outcome in outcomes]
    everywhere = [(tool, outcome) for tool in OUTCOMES for outcome in ALSO_EVERYWHERE]
    of_the_registered = [tool for tool in OUTCOMES if tool not in OPEN_TOOLS]
    callers = [(tool, outcome) for tool in of_the_registered for outcome in ("unknown_agent", "superseded")]
    return [*own, *everywhere, *callers]


def kind_of(outcome: str) -> str:
    """`ok`, `tool error`, or the code of an error payload."""
    return outcome.partition(":")[0]


def named(pair: Pair) -> str:
    """A pair as the name of a test."""
    return ", ".join(pair)
