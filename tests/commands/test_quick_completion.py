"""Completion without typer: the same words as typer's own, from a table that is taken from it."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from typer._completion_classes import BashComplete, FishComplete, ZshComplete

from docs_generator import completion
from tests.commands.processes import XATS, clean_environment
from xats_tui.commands import completions
from xats_tui.commands.command_line import NAME, cli
from xats_tui.commands.quick_completion import LEFT_TO_TYPER, VARIABLE, Line, answer

LINES = [Line(line) for line in completion.PLACE.read_text(encoding="utf-8").splitlines()]

TREE = typer.main.get_command(cli)

SHELLS: Mapping[str, type[BashComplete] | type[ZshComplete] | type[FishComplete]] = {
    "complete_bash": BashComplete,
    "complete_zsh": ZshComplete,
    "complete_fish": FishComplete,
}

COMMANDS = sorted({line.of for line in LINES})

ENDS = ("", "s", "-", "--t", "x ", "x y ", "x --json ", "--json --j", "--home /h ", "--home=/h a", "--to a --t")
"""Ends of command lines, after a command."""


def shells(words: str) -> Iterator[dict[str, str]]:
    """Yield what each shell's script sets in the environment at the end of a line."""
    line = f"{NAME} {words}"
    typed = {"_TYPER_COMPLETE_ARGS": line}
    yield {VARIABLE: "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
    yield {VARIABLE: "complete_zsh", **typed}
    yield {VARIABLE: "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args", **typed}
    yield {VARIABLE: "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "is-args", **typed}


def typers_own(environment: Mapping[str, str]) -> tuple[str, int]:
    """Return what typer tells the shell, and the exit code."""
    try:
        return SHELLS[environment[VARIABLE]](TREE, {}, NAME, VARIABLE).complete(), 0
    except SystemExit as end:
        return "", int(str(end.code))


def lines_of(command: str) -> Iterator[dict[str, str]]:
    """Yield lines after a command: ends in each shell, and each of its own options in one shell."""
    for end in ENDS:
        yield from shells(f"{command} {end}".lstrip())
    own = (line for line in LINES if line.of == command and line.kind == "option" and "hidden" not in line.marks)
    for option in own:
        for end in (f"{option.names[0]} ", f"{option.names[0]} x --"):
            yield next(shells(f"{command} {end}".lstrip()))


@pytest.fixture
def coordinator(monkeypatch: pytest.MonkeyPatch) -> None:
    """A coordinator whose answers name the home that was asked for."""

    def ask(settings: Mapping[str, str], verb: str, patience: float, **arguments: Any) -> Mapping[str, Any]:
        name = f"x{settings.get('home', '')}"
        return {verb: [dict.fromkeys(("name", "team", "role", "id", "message_id"), name)]}

    monkeypatch.setattr(completions, "load", lambda flags: SimpleNamespace(settings=flags))
    monkeypatch.setattr(completions, "ask", ask)


def test_the_table_has_the_commands_as_they_are() -> None:
    assert completion.PLACE.read_text(encoding="utf-8") == completion.table(), "run `make pages`"


@pytest.mark.usefixtures("coordinator")
@pytest.mark.parametrize("command", COMMANDS)
def test_the_words_are_typers_own(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for line in lines_of(command):
        with monkeypatch.context() as typed:
            for name, value in line.items():
                typed.setenv(name, value)
            if told := answer(os.environ):
                said, code = typers_own(line)
                # typer breaks help texts at the width of a terminal
                assert (told[0].split(), told[1]) == (said.split(), code), line


@pytest.mark.usefixtures("coordinator")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("se", ["setup", "send"]),
        ("--home /h po", ["poke"]),
        ("poke ", ["x"]),
        ("--home /h poke ", ["x/h"]),
        ("poke --home /h x", ["x/h"]),
        ("send --need-reply --need", []),
        ("send --to x --t", ["--to", "--team", "--token"]),
        ("export --format ", ["markdown", "html", "json"]),
        ("client ex", ["explain"]),
    ],
)
def test_common_lines_need_no_typer(line: str, offered: list[str]) -> None:
    assert answer(next(shells(line))) == ("\n".join(offered), 0)


@pytest.mark.parametrize("line", ["launch ", "setup ", "send --nothing x", "send -- --t", "send 'a b' --t", "nothing "])
def test_what_the_table_cannot_answer_is_left_to_typer(line: str) -> None:
    assert answer(next(shells(line))) is None


def test_few_words_are_left_to_typer() -> None:
    assert {line.of for line in LINES if line.words == LEFT_TO_TYPER} == {"find", "launch", "setup"}


def test_nothing_is_imported_for_an_answer(tmp_path: Path) -> None:
    for name in ("typer", "json", "re", "typing", "pathlib", "dataclasses"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('not wanted')")
    program = f"import sys; sys.path[:0] = {[str(tmp_path), *sys.path]!r}; sys.argv = ['xats-tui']\n"
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"{program}import xats_tui.__main__"],
        env=clean_environment() | next(shells("send --t")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("--to\n--team\n--token\n", "", 0)


def test_the_program_answers_the_shell() -> None:
    done = subprocess.run(
        XATS, env=clean_environment() | next(shells("tas")), capture_output=True, text=True, check=True
    )
    assert done.stdout == "tasks\n"
