"""What the tools refuse, in words: every code that an agent can be answered, and what to do then.

Which tool answers which code is in tests/wire/outcomes.py, and shown there to be so.
"""

from collections.abc import Mapping

from documentation.markdown import code, table

MEANINGS: Mapping[str, str] = {
    "unknown_agent": "This session has not registered, or its agent has left: call `register_agent`.  "
    "`detail` says who has the name that it was configured with.",
    "name_in_use": "Nobody called for this registration, and an agent of that name lives; `detail` says where.",
    "superseded": "Another session has taken the name; `detail` says when.  Registering takes it back.",
    "forbidden_role": "A channel proxy is no agent, and an agent is no proxy.",
    "storage_unavailable": "The database could not do it, and nothing was changed: try again.",
    "invalid_name": "A name has 1 to 64 printable characters and is not `operator`.",
    "invalid_role": "A role has 1 to 64 printable characters and does not begin with `__`.",
    "invalid_team": "A team has 1 to 64 printable characters.",
    "ui_pid_client_mismatch": "That process is another program than `client` says; `detail` names it.",
    "channel_session_id_ui_pid_mismatch": "The process of `ui_pid` has another channel: leave the channel out.",
    "unknown_channel_session": "No proxy carries that channel.",
    "invalid_channel_session_id": "The channel's id is blank.",
    "channel_in_use": "Another session listens on that channel: take one of your own.",
    "missing_auth_token": "The operator has not listed that variable for that server in `[tokens]`, or it is not set.",
    "unsupported_client": "Nothing that speaks Codex's protocol answers at that URL; `detail` has the cause.",
    "codex_loaded_list_failed": "The app-server does not tell its threads.",
    "no_loaded_threads": "The app-server has no thread: open one, or pass its id.",
    "thread_id_required": "Several threads could be meant: pass one of `detail.thread_ids`.",
    "codex_resume_failed": "The thread cannot be resumed; `detail` has the cause.",
    "invalid_delivery": "`reason` says what is wrong with `delivery`.",
    "tasks_in_progress": "You own unfinished tasks, `task_ids`: complete them first.",
    "unknown_recipient": "There is nobody of that name, id or role to write to.",
    "body_too_large": "`detail` has the limit and the size, in bytes of UTF-8.",
    "unknown_message": "You have sent no message of that id.",
    "unknown_part": "It has not so many parts; `detail` says how many.",
    "unknown_cursor": "That place in the list is not there any more: call again without `cursor`.",
    "unknown_dependency": "`task_ids` are no tasks of your team.",
    "unknown_task": "Your team has no such task.",
    "already_claimed": "It is not pending; `owner` has it.",
    "dependencies_pending": "What it depends on is not completed yet.",
    "invalid_status": "Nobody is at work on it, or it is completed already.",
    "not_owner": "Another agent is at work on it; `owner` and `owner_name`, if the operator gave it away.",
    "invalid_contract_name": "A contract's name has 1 to 200 printable characters.",
    "invalid_schema": "It is no JSON Schema; `path` and `detail` say where and why.",
    "schema_too_large": "`detail` has the limit and the size, or the depth.",
    "unknown_contract": "Your team has no contract of that name.",
    "unknown_version": "The contract has no such version.",
    "invalid_arguments": "The arguments do not go together; `detail` says why.",
    "invalid_process_pattern": "`process_pattern` is no regular expression that can be used; `detail` says why.",
    "invalid_runtime_identity": "`ui_tty` and `tmux_pane_id` name no place.",
    "pid_not_found": "No such process runs.",
    "agent_process_mismatch": "That process is not the program that you say.",
    "pid_has_no_tty": "That process has no terminal: it is not a user interface.",
    "tmux_pane_not_found": "No pane has that terminal or id.",
    "pane_in_use": "The agent of that pane has shown that its process is its own; `detail` names it.",
    "pid_pane_tty_mismatch": "Process and pane have different terminals; `detail` has both.",
    "tty_maps_to_no_agent_process": "No such program runs on that terminal.",
    "tmux_unavailable": "tmux is not installed, has no server, or does not answer.",
    "not_found": "No pane fits.",
    "ambiguous_match": "Several panes fit equally well, `candidates`: narrow it.",
}


def refusals() -> str:
    """A row for each code."""
    return table(("code", "meaning"), [(code(name), meaning) for name, meaning in MEANINGS.items()])
