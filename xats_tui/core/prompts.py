"""The prompts of the MCP server: what a person chooses from the client's `/` menu instead of explaining it.

The coordinator answers them over HTTP, a bridge by itself.  Some clients ask for a prompt with placeholders for its
arguments (`$1`) and fill in later what the person typed, so a text has to make sense with an empty argument.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_ARGUMENT_CHARS = 200
"""Part of an argument that is kept; names and teams are shorter."""


class NoSuchPrompt(Exception):
    """The name of the prompt is unknown; one sentence that says which there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptArgument:
    """A word that the person types behind the prompt's name."""

    name: str
    description: str
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSpec:
    """A prompt: its line in the menu, and the text that the model gets."""

    name: str
    title: str
    description: str
    text: str
    """A format with a field for each argument."""
    arguments: tuple[PromptArgument, ...] = ()


PROMPTS = (
    PromptSpec(
        name="register",
        title="Register to xats",
        description="Register this agent, so that others can write to it",
        arguments=(
            PromptArgument(name="name", description="The agent's name in its team", required=True),
            PromptArgument(name="team", description="Its team; left out: the folder's name", required=False),
        ),
        text=(
            "Register to xats under this name, with the tool and the further arguments that the instructions of this "
            "MCP server ask for. If no name stands here, ask me for one; if no team stands here, I have named none. "
            "Then tell me your name and team, and whether you can be woken.\nname: {name}\nteam: {team}"
        ),
    ),
    PromptSpec(
        name="inbox",
        title="Read my xats messages",
        description="Read the messages of other agents and act on them",
        text=(
            "Call get_inbox of xats and read every message, further pages included. Then do what the messages ask of "
            "you, within what I have allowed, and answer those whose need_reply is true. Tell me in a few lines who "
            "wrote what, and what you did. If you are not registered, say so and do nothing else."
        ),
    ),
    PromptSpec(
        name="board",
        title="Show the task board",
        description="Show the tasks of the team and who works on them",
        text=(
            "Call task_list of xats, further pages included, and show me the board of our team: a table with each "
            "task's id, title, state, owner and the tasks that it waits for, unfinished ones first. Change nothing. "
            "If you are not registered, say so and do nothing else."
        ),
    ),
)


def listed() -> list[dict[str, Any]]:
    """Return the prompts in the form of `prompts/list`."""
    return [
        {
            "name": prompt.name,
            "title": prompt.title,
            "description": prompt.description,
            "arguments": [
                {"name": one.name, "description": one.description, "required": one.required} for one in prompt.arguments
            ],
        }
        for prompt in PROMPTS
    ]


def filled_in(name: object, arguments: Mapping[str, object]) -> dict[str, Any]:
    """Return a prompt in the form of `prompts/get`; an argument that is missing counts as empty.

    Raises:
        NoSuchPrompt: there is no prompt of this name.
    """
    prompt = next((prompt for prompt in PROMPTS if prompt.name == name), None)
    if prompt is None:
        raise NoSuchPrompt(f"Unknown prompt; choose one of: {', '.join(prompt.name for prompt in PROMPTS)}")
    typed = {one.name: _one_line(arguments.get(one.name)) for one in prompt.arguments}
    text = prompt.text.format(**typed)
    return {
        "description": prompt.description,
        "messages": [{"role": "user", "content": {"type": "text", "text": text}}],
    }


def _one_line(value: object) -> str:
    """A typed argument on one line, so that it cannot be read as a line of ours."""
    return " ".join(str(value).split())[:MAX_ARGUMENT_CHARS] if value is not None else ""
