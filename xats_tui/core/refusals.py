"""What the coordinator refuses, in sentences for the operator: why, and what to do."""

from collections.abc import Mapping

from xats_tui.core.errors import Refusal

SENTENCES: Mapping[str, str] = {
    "unknown_agent": "that agent is no longer registered",
    "prompt_too_long": "that line is too long",
    "invalid_text": "it has to be one line of printable text",
    "wake_is_over": "that wake is over: there is nothing left to cancel",
    "already_read": "the message has been read: nobody needs to be woken for it",
    "no_recipient": "there is nobody to send it to",
    "empty_body": "there is nothing in the message",
    "body_too_large": "the message is too long",
    "recipient_gone": "one of the recipients is no longer registered: nothing was sent",
    "unknown_message": "that message is no longer kept",
    "no_pane": "no pane is known for that agent: it has to bind one first",
    "pane_gone": "that pane is gone",
    "not_in_tmux": "the dashboard does not run inside tmux",
    "other_server": "that pane is on another tmux server",
    "no_dialog": "it asks nothing any more",
    "prompt_changed": "it changed: something else is asked now",
    "not_taken": "the keys were sent, but the same is still asked: look at the pane",
    "taken_as_text": "the key went into a text field of the dialog and is no answer: remove it at the pane",
    "answer_unseen": "the keys were sent, but the screen does not show what came of it: look at the pane",
    "pane_busy": "something else is being typed into that pane",
    "tasks_in_progress": "it owns tasks that are not done: reassign or release them first",
    "unknown_task": "that task is no longer on the board",
    "task_is_done": "that task is done",
    "not_in_progress": "nobody works on that task",
    "dependencies_pending": "what it waits for is not done yet",
    "owns_it_already": "that agent owns it already",
    "empty_title": "a task needs a title",
    "unknown_dependency": "what it is to wait for is no longer on the board",
    "no_client": "no terminal is attached to the dashboard's tmux session",
}


def sentence_of(refusal: Refusal) -> str:
    """One sentence, and on a line of its own the command that helps; a code without one is shown as it came."""
    known = refusal.fields.get("sentence") or SENTENCES.get(refusal.code)
    if known is None:
        detail = refusal.fields.get("detail")
        return f"{refusal.code.replace('_', ' ')}: {detail}" if detail else refusal.code.replace("_", " ")
    command = refusal.fields.get("command")
    return f"{known}; run\n{command}" if command else known
