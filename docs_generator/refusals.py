"""Meaning of every error code that a tool can answer, and the next step.

tests/wire/outcomes.py lists the codes of each tool; the tests there show that the lists are right.
"""

from collections.abc import Mapping

from docs_generator.markdown import code, table

MEANINGS: Mapping[str, str] = {
    "unknown_agent": "This session has not registered, or its agent has left: call `register_agent`.  "
    "`detail` says which agent has the name that the bridge was configured with.",
    "name_in_use": "The bridge registered by itself, and a living agent has that name; `detail` says where.  "
    "To take the name over, call `register_agent`.",
    "superseded": "Another session has taken the name; `detail` says when.  To take it back, register again.",
    "forbidden_role": "A channel proxy called a tool for agents, or an agent called a tool for proxies.",
    "storage_unavailable": "The database refused the change, and nothing was changed: try again.",
    "invalid_name": "A name has 1 to 64 printable characters and is not `operator`.",
    "invalid_role": "A role has 1 to 64 printable characters and does not begin with `__`.",
    "invalid_team": "A team has 1 to 64 printable characters.",
    "ui_pid_client_mismatch": "The process of `ui_pid` is not the program that `client` names; `detail` names it.",
    "channel_session_id_ui_pid_mismatch": "The process of `ui_pid` has another channel: omit `channel_session_id`.",
    "unknown_channel_session": "No channel proxy serves that channel.",
    "invalid_channel_session_id": "The id of the channel is empty.",
    "channel_in_use": "Another session listens on that channel: use a channel of your own.",
    "missing_auth_token": "The operator has not listed that variable for that server in `[tokens]`, or it is not set.",
    "unsupported_client": "No Codex app-server answers at that URL; `detail` has the cause.",
    "codex_loaded_list_failed": "The app-server did not list its threads.",
    "no_loaded_threads": "The app-server has no open thread: open one, or pass its id.",
    "thread_id_required": "The app-server has several threads: pass one of `detail.thread_ids`.",
    "codex_resume_failed": "The thread cannot be resumed; `detail` has the cause.",
    "invalid_delivery": "`reason` says what is wrong with `delivery`.",
    "tasks_in_progress": "You own unfinished tasks, listed in `task_ids`: complete them first.",
    "unknown_recipient": "No agent has that name, id or role.",
    "body_too_large": "Subject and body are too large; `detail` has the limit and the size, in bytes of UTF-8.",
    "unknown_message": "You have sent no message with that id.",
    "unknown_part": "There is no such part; `detail` says how many there are.",
    "invalid_query": "The query cannot be read; `detail` says why.",
    "unknown_name": "No agent is or was called so.",
    "unknown_cursor": "The cursor is not valid, or no longer: call again without `cursor`.",
    "unknown_dependency": "The ids in `task_ids` are not tasks of your team.",
    "unknown_task": "Your team has no such task.",
    "already_claimed": "The task is not pending; `owner` has it.",
    "dependencies_pending": "A task on which this one depends is not completed yet.",
    "invalid_status": "The task is not claimed, or it is completed already.",
    "not_owner": "Another agent owns the task.  If the operator reassigned it, `owner_name` names the agent.",
    "invalid_contract_name": "The name of a contract has 1 to 200 printable characters.",
    "invalid_schema": "The schema is not a valid JSON Schema; `path` and `detail` say where and why.",
    "schema_too_large": "The schema is too large or too deep; `detail` has the limit and the size or depth.",
    "unknown_contract": "Your team has no contract with that name.",
    "unknown_version": "The contract has no such version.",
    "invalid_arguments": "These arguments cannot be combined; `detail` says why.",
    "invalid_process_pattern": "`process_pattern` cannot be used as a regular expression; `detail` says why.",
    "invalid_runtime_identity": "`ui_tty` and `tmux_pane_id` do not name a pane.",
    "pid_not_found": "No process with that pid is running.",
    "agent_process_mismatch": "The process is not the program that you named; `detail` says what it is.",
    "pid_has_no_tty": "The process has no terminal, so it is not a user interface.",
    "tmux_pane_not_found": "No tmux pane has that terminal or id.",
    "pane_in_use": "Another agent has proved that the process in this pane is its own; `detail` names the agent.",
    "pid_pane_tty_mismatch": "The process and the pane have different terminals; `detail` has both.",
    "tty_maps_to_no_agent_process": "The program that you named does not run on that terminal.",
    "tmux_unavailable": "tmux is not installed, has no running server, or does not answer.",
    "not_found": "No pane matches.",
    "ambiguous_match": "Several panes match equally well, listed in `candidates`: give more arguments to choose one.",
}


def refusals() -> str:
    """Return a row for each code."""
    return table(("code", "meaning"), [(code(name), meaning) for name, meaning in MEANINGS.items()])
