"""`xats-tui setup` for Codex's hooks: shown, written once for the user, told about, and taken back without a trace."""

import json
from pathlib import Path

import pytest

from tests.commands.machine import Machine
from tests.commands.test_doctor import Examine, is_in
from xats_tui.clients.codex.spec import SPEC

USERS_OWN = {"description": "mine", "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "notify-me"}]}]}}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine with Codex, never started."""
    machine = Machine(tmp_path, monkeypatch)
    machine.install("codex")
    return machine


def commands(machine: Machine) -> dict[str, list[str]]:
    """The command lines of each event in hooks.json."""
    hooks = json.loads((machine.home / ".codex/hooks.json").read_text())["hooks"]
    return {event: [hook["command"] for group in groups for hook in group["hooks"]] for event, groups in hooks.items()}


def test_each_event_is_reported_once_however_often_it_is_set_up(machine: Machine) -> None:
    for _ in range(2):
        assert machine.run("setup", "codex", "--yes") == 0

    assert commands(machine).keys() == set(SPEC.hooks.set_up if SPEC.hooks else ())
    assert all(len(lines) == 1 and lines[0].endswith(" hook --client codex") for lines in commands(machine).values())


def test_a_person_is_told_that_codex_asks_before_it_runs_them(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.run("setup", "codex", "--dry-run")

    shown = " ".join(capsys.readouterr().out.split())
    assert "Codex runs new hooks only after you have reviewed them" in shown
    assert '"UserPromptSubmit": [' in shown


@pytest.mark.slow
def test_the_users_own_hooks_stay(machine: Machine) -> None:
    machine.write(".codex/hooks.json", json.dumps(USERS_OWN, indent=2))
    machine.run("setup", "codex", "--yes")
    assert commands(machine)["Stop"][0] == "notify-me" and len(commands(machine)["Stop"]) == 2

    machine.run("setup", "codex", "--remove", "--yes")

    assert json.loads((machine.home / ".codex/hooks.json").read_text()) == USERS_OWN


@pytest.mark.slow
def test_nothing_is_left_of_them(machine: Machine) -> None:
    machine.run("setup", "codex", "--yes")

    machine.run("setup", "codex", "--remove", "--yes")

    assert not (machine.home / ".codex/hooks.json").exists()


@pytest.mark.slow
def test_a_project_gets_none_because_codex_would_run_them_twice(machine: Machine) -> None:
    machine.run("setup", "codex", "--yes", "--scope", "project")

    assert [path.name for path in (machine.project / ".codex").iterdir()] == ["config.toml"]


@pytest.mark.slow
def test_without_hooks_none_are_written(machine: Machine) -> None:
    machine.run("setup", "codex", "--yes", "--no-hooks")

    assert not (machine.home / ".codex/hooks.json").exists()


@pytest.mark.slow
def test_the_doctor_says_which_hooks_nobody_has_reviewed(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.run("setup", "codex", "--yes")
    told = Examine(machine, capsys)
    assert is_in(told("--port", "0")[1]["Codex hooks"][0], "warning", "reviewed", "Stop", "SessionEnd", "/hooks")

    hooks, config = machine.home / ".codex/hooks.json", machine.home / ".codex/config.toml"
    events = ("session_start", "user_prompt_submit", "stop", "interrupt", "session_end")
    trusted = "".join(f'[hooks.state."{hooks}:{event}:0:0"]\ntrusted_hash = "sha256:1"\n' for event in events)
    config.write_text(f"{config.read_text()}\n{trusted}")

    assert is_in(told("--port", "0")[1]["Codex hooks"][0], "ok", "all 5")
