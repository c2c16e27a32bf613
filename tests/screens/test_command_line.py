"""Input after a colon: modes with filters, short forms, completion, and one sentence for everything else."""

import pytest

from xats_tui.screens.modes.places import Mode
from xats_tui.screens.query.command_line import OpenMode, Perform, Unknown, complete, read

COMMANDS = {
    "wakes failed": OpenMode(Mode.WAKES, "failed"),
    "tasks @bob": OpenMode(Mode.TASKS, "@bob"),
    "agent backend": OpenMode(Mode.AGENTS, "backend"),
    "  Messages  two words ": OpenMode(Mode.MESSAGES, "two words"),
    "w": OpenMode(Mode.WAKES, ""),
    "contr": OpenMode(Mode.CONTRACTS, ""),
    "activity": OpenMode(Mode.ACTIVITY, ""),
    "q": Perform("quit"),
    "help": Perform("help"),
    "connect": Perform("connect"),
}


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_opens_a_mode_with_a_filter_or_performs_an_action(line: str) -> None:
    assert read(line) == COMMANDS[line]


@pytest.mark.parametrize(
    "line, words",
    {
        "a": "ambiguous (agents or activity)",
        "frobnicate x": "No command :frobnicate",
        "mesages": "did you mean :messages?",
        "conect": "did you mean :connect?",
        "": "Type live, agents",
        "\x1b[31m": "No command",
    }.items(),
)
def test_what_means_nothing_is_told_in_one_harmless_sentence(line: str, words: str) -> None:
    meant = read(line)
    assert isinstance(meant, Unknown)
    assert words in meant.sentence
    assert "\x1b" not in meant.sentence


@pytest.mark.parametrize(
    "line, completed",
    {
        "wa": "wakes",
        "he": "help",
        "conn": "connect",
        "agents ba": "agents backend",
        "tasks @BA": "tasks @backend",
        "tasks x": None,
        "tasks ": None,
        "": None,
    }.items(),
)
def test_modes_and_agents_are_completed(line: str, completed: str | None) -> None:
    assert complete(line, ["qa", "backend"]) == completed
