"""Sentences for the operator, one for each refusal code of the coordinator: the reason and the next step."""

from collections.abc import Mapping

from xats_tui.core.errors import Refusal

SENTENCES: Mapping[str, str] = {
    "unknown_agent": "that agent is no longer registered",
    "prompt_too_long": "that line is too long",
    "invalid_text": "it has to be one line of printable text",
    "wake_is_over": "that wake is over: nothing is left to cancel",
    "already_read": "the message has been read: no wake is needed",
    "no_recipient": "the message has no recipient",
    "empty_body": "the message is empty",
    "body_too_large": "the message is too long",
    "recipient_gone": "a recipient is no longer registered: nothing was sent",
    "unknown_message": "that message is no longer kept",
    "no_pane": "no pane is known for that agent: it has to register from inside tmux",
    "pane_gone": "that pane is gone",
    "not_in_tmux": "the dashboard does not run inside tmux",
    "other_server": "that pane is on another tmux server",
    "no_dialog": "the agent no longer asks anything",
    "question_unseen": "the client says that a dialog is open, but the question cannot be read: look at the pane",
    "prompt_changed": "the question changed: the agent now asks something else",
    "not_taken": "the keys were sent, but the same question is still open: look at the pane",
    "taken_as_text": "the key went into a text field of the dialog and answered nothing: delete it in the pane",
    "answer_unseen": "the keys were sent, but the screen does not show the result: look at the pane",
    "being_answered": "somebody else is answering that dialog right now",
    "pane_busy": "something else is being typed into that pane",
    "tasks_in_progress": "the agent owns unfinished tasks: reassign or release them first",
    "unknown_task": "that task is no longer on the board",
    "task_is_done": "that task is done",
    "not_in_progress": "no agent works on that task",
    "dependencies_pending": "the tasks it depends on are not done yet",
    "owns_it_already": "that agent already owns the task",
    "empty_title": "a task needs a title",
    "unknown_dependency": "a task it depends on is no longer on the board",
    "no_client": "no terminal is attached to the dashboard's tmux session",
}


def sentence_of(refusal: Refusal) -> str:
    """Return a refusal's sentence, with the helpful command on a line of its own; show an unknown code as it came."""
    known = refusal.fields.get("sentence") or SENTENCES.get(refusal.code)
    if known is None:
        detail = refusal.fields.get("detail")
        return f"{refusal.code.replace('_', ' ')}: {detail}" if detail else refusal.code.replace("_", " ")
    command = refusal.fields.get("command")
    return f"{known}; run\n{command}" if command else known
