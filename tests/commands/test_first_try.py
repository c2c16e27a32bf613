"""`setup`, `launch` and `doctor` on what makes a first try fail: tools behind a search, hooks that run twice."""

import json
import os
import pty
import shlex
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.commands.machine import Machine
from tests.commands.processes import XATS, clean_environment
from tests.commands.test_doctor import Examine, is_in
from tests.commands.test_setup import CODEX_HOOK, HOOK, HOOK_EVENTS, hooks_of, servers_of_claude
from xats_tui.clients.registry import starter
from xats_tui.core.model.launches import LaunchCommand, LaunchRequest

USER, PROJECT, LOCAL = "settings.json of the user", ".claude/settings.json", ".claude/settings.local.json"

ELSEWHERE = f"{shlex.quote(sys.executable)} -m xats_tui hook"
"""A line of ours that differs from what setup writes, and finds the same coordinator."""

HTTP = {"type": "http", "url": "http://127.0.0.1:1/mcp"}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine with Claude Code, never started."""
    machine = Machine(tmp_path, monkeypatch)
    machine.install("claude")
    return machine


@pytest.fixture
def told(machine: Machine, capsys: pytest.CaptureFixture[str]) -> Examine:
    """Runs a quick doctor in this process."""
    return Examine(machine, capsys)


def settings(machine: Machine, where: str) -> Path:
    """The path of one of Claude Code's settings files."""
    return machine.home / ".claude/settings.json" if where == USER else machine.project / where


def hooked(machine: Machine, where: str, line: str, *, events: set[str] = HOOK_EVENTS, **group: str) -> Path:
    """Have a settings file run a line at these events."""
    path = settings(machine, where)
    path.parent.mkdir(exist_ok=True)
    entry = [{**group, "hooks": [{"type": "command", "command": line}]}]
    path.write_text(json.dumps({"hooks": dict.fromkeys(sorted(events), entry)}, indent=2))
    return path


def runs(machine: Machine, event: str = "Stop") -> list[str]:
    """The different lines that Claude Code runs at an event; it runs equal ones once."""
    paths = [settings(machine, where) for where in (USER, PROJECT, LOCAL)]
    there = [hooks_of(path) for path in paths if path.exists() and "hooks" in json.loads(path.read_text())]
    return sorted({line for hooks in there for line in hooks.get(event, [])})


def launched(machine: Machine, *extra: str, home: Path | None = None) -> dict[str, Any]:
    """The hooks that a launch in the project adds by --settings."""
    wanted = LaunchRequest(
        client="claude-code", name="ann", team="t", role=None, folder=machine.project, extra=extra, asks_first=False
    )
    hook = (sys.executable, "-P", "-m", "xats_tui", "hook", "--home", str(home or machine.xats_home))
    means = LaunchCommand(program="/bin/claude", bridge=("xats-tui", "mcp"), hook=hook, port=1, mark="m")
    command = starter("claude-code")(wanted, means, os.environ).command
    given = [after for flag, after in pairwise(command) if flag == "--settings"]
    return json.loads(given[0])["hooks"] if given else {}


def test_an_entry_from_before_is_completed_and_shown_and_taken_out_without_a_trace(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.run("setup", "claude-code", "--yes")
    file = machine.home / ".claude.json"
    file.write_text(file.read_text().replace(',\n      "alwaysLoad": true', ""))
    assert "alwaysLoad" not in file.read_text()
    capsys.readouterr()

    machine.run("setup", "claude-code", "--yes")

    assert servers_of_claude(file)["xats"]["alwaysLoad"] is True  # type: ignore[index]
    assert '+      "alwaysLoad": true' in capsys.readouterr().out
    machine.run("setup", "claude-code", "--remove", "--yes")
    assert not file.exists()


def test_a_person_who_lets_the_tools_be_searched_for_is_not_overruled(machine: Machine, told: Examine) -> None:
    machine.run("setup", "claude-code", "--yes")
    file = machine.home / ".claude.json"
    file.write_text(file.read_text().replace('"alwaysLoad": true', '"alwaysLoad": false'))

    machine.run("setup", "claude-code", "--yes")

    assert '"alwaysLoad": false' in file.read_text()
    assert is_in(told("--port", "0")[1]["Claude Code"][0], "ok")


def test_the_doctor_finds_tools_behind_a_search_with_the_fix(machine: Machine, told: Examine) -> None:
    machine.run("setup", "claude-code", "--yes", "--scope", "project")
    file = machine.project / ".mcp.json"
    file.write_text(file.read_text().replace(',\n      "alwaysLoad": true', ""))
    fix = "xats-tui setup claude-code --scope project"
    assert is_in(told("--port", "0")[1]["Claude Code"][0], "warning", ".mcp.json lacks alwaysLoad", "search", fix)

    file.write_text(json.dumps({"mcpServers": {"xats": HTTP}}))

    assert is_in(told("--port", "0")[1]["Claude Code"][0], "warning", '→ put "alwaysLoad": true into the entry')


def test_a_launch_has_its_tools_at_once(machine: Machine) -> None:
    wanted = LaunchRequest(client="claude-code", name="ann", team="t", role=None, folder=machine.project, extra=())
    means = LaunchCommand(
        program="/bin/claude", bridge=("xats-tui", "mcp"), hook=("xats-tui", "hook"), port=1, mark="m"
    )
    command = starter("claude-code")(wanted, means, os.environ).command
    given = next(word.partition("=")[2] for word in command if word.startswith("--mcp-config="))
    assert json.loads(given)["mcpServers"]["xats"]["alwaysLoad"] is True


@pytest.mark.slow
@pytest.mark.parametrize("scope", ["user", "project"])
@pytest.mark.parametrize("other", [USER, PROJECT, LOCAL])
def test_setup_leaves_one_hook_an_event_whatever_other_file_has_one(
    machine: Machine, told: Examine, scope: str, other: str
) -> None:
    hooked(machine, other, ELSEWHERE)

    assert machine.run("setup", "claude-code", "--yes", "--scope", scope) == 0

    assert {event: runs(machine, event) for event in HOOK_EVENTS} == {event: [HOOK] for event in HOOK_EVENTS}
    assert is_in(told("--port", "0")[1]["Claude Code hooks"][0], "ok")


@pytest.mark.slow
def test_hooks_of_two_forms_are_found_by_the_doctor_and_their_users_others_stay(
    machine: Machine, told: Examine
) -> None:
    machine.run("setup", "claude-code", "--yes")
    local = hooked(machine, LOCAL, ELSEWHERE, events={"Stop"})
    own = json.loads(local.read_text())
    own["hooks"]["Stop"].append({"hooks": [{"type": "command", "command": "notify-me"}]})
    local.write_text(json.dumps(own))

    found = told("--port", "0")[1]["Claude Code hooks"][0]
    assert is_in(found, "warning", "more than once for Stop", "settings.local.json", "→ xats-tui setup claude-code")
    machine.run("setup", "claude-code", "--yes")

    assert hooks_of(local) == {"Stop": ["notify-me"]}
    assert is_in(told("--port", "0")[1]["Claude Code hooks"][0], "ok")


@pytest.mark.slow
def test_the_repositorys_local_settings_count_in_its_folders(
    machine: Machine, told: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (machine.project / ".git").mkdir()
    local = hooked(machine, LOCAL, ELSEWHERE, events={"Stop"})
    below = machine.project / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    machine.run("setup", "claude-code", "--yes", "--no-hooks")
    assert is_in(told("--port", "0")[1]["Claude Code hooks"][0], "warning", "none for SessionStart")

    machine.run("setup", "claude-code", "--yes")

    assert not local.exists()
    assert is_in(told("--port", "0")[1]["Claude Code hooks"][0], "ok")


@pytest.mark.slow
def test_two_of_ours_in_one_file_become_one_that_reports_every_case(machine: Machine) -> None:
    path = hooked(machine, USER, HOOK, events={"PermissionRequest"}, matcher="Bash")
    file = json.loads(path.read_text())
    older = {"hooks": [{"type": "command", "command": line} for line in ("a", ELSEWHERE, "b", HOOK)]}
    file["hooks"]["Stop"] = [older, {"hooks": [{"type": "command", "command": ELSEWHERE}]}]
    path.write_text(json.dumps(file))

    machine.run("setup", "claude-code", "--yes")

    assert hooks_of(path)["Stop"] == ["a", "b", HOOK]
    (group,) = json.loads(path.read_text())["hooks"]["PermissionRequest"]
    assert group.keys() == {"hooks"} and [hook["command"] for hook in group["hooks"]] == [HOOK]


@pytest.mark.slow
def test_hooks_for_another_coordinator_are_no_double(machine: Machine, told: Examine) -> None:
    line = f"{ELSEWHERE} --home {machine.home / 'other'}"
    local = hooked(machine, LOCAL, line)

    machine.run("setup", "claude-code", "--yes")

    assert hooks_of(local)["Stop"] == [line]
    assert is_in(told("--port", "0")[1]["Claude Code hooks"][0], "ok")


@pytest.mark.slow
def test_who_declines_the_hooks_keeps_those_of_the_other_file(machine: Machine) -> None:
    hooked(machine, LOCAL, ELSEWHERE)
    pid, descriptor = pty.fork()
    if pid == 0:
        os.execve(XATS[0], [*XATS, "setup", "claude-code", "--no-allow"], clean_environment())
    shown = b""
    for question, answer in ((b"(MCP server)?", b"y\n"), (b"(hooks)?", b"n\n")):
        while question not in shown:
            shown += os.read(descriptor, 4096)
        os.write(descriptor, answer)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(descriptor)

    assert runs(machine) == [ELSEWHERE]
    assert "alwaysLoad" in (machine.home / ".claude.json").read_text()


@pytest.mark.slow
def test_a_launch_adds_only_the_hooks_that_the_settings_lack(machine: Machine) -> None:
    assert launched(machine).keys() == HOOK_EVENTS
    machine.run("setup", "claude-code", "--yes")
    assert launched(machine) == {}

    hooked(machine, USER, HOOK, events=HOOK_EVENTS - {"Stop", "SessionEnd"})
    hooked(machine, PROJECT, ELSEWHERE, events={"Stop"})

    assert launched(machine).keys() == {"SessionEnd"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        "/gone/bin/xats-tui hook",
        f"{ELSEWHERE} --home /other",
        f"{ELSEWHERE} --pid-file /other/pid",
        "notify-me",
    ],
)
def test_a_launch_does_not_rely_on_hooks_that_do_not_reach_its_coordinator(machine: Machine, line: str) -> None:
    hooked(machine, USER, line)
    assert launched(machine).keys() == HOOK_EVENTS


@pytest.mark.slow
def test_a_launch_relies_on_no_settings_that_claude_code_is_told_to_leave_out(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.run("setup", "claude-code", "--yes")
    assert launched(machine, "--setting-sources", "project").keys() == HOOK_EVENTS
    assert launched(machine, home=machine.home / "other").keys() == HOOK_EVENTS
    settings(machine, PROJECT).parent.mkdir(exist_ok=True)
    settings(machine, PROJECT).write_text("{")
    assert launched(machine) == {}
    monkeypatch.setenv("XATS_HOME", str(machine.home / "elsewhere"))
    assert launched(machine).keys() == HOOK_EVENTS


@pytest.mark.slow
def test_a_client_that_runs_equal_hooks_twice_keeps_those_of_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = Machine(tmp_path, monkeypatch)
    machine.install("codex")
    folder = machine.project / ".codex/hooks.json"
    folder.parent.mkdir()
    folder.write_text(json.dumps({"hooks": {"Stop": [{"hooks": [{"type": "command", "command": CODEX_HOOK}]}]}}))
    machine.run("setup", "codex", "--yes", "--no-hooks")
    own = {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": CODEX_HOOK}]}]}}
    (machine.home / ".codex/hooks.json").write_text(json.dumps(own))
    examine = Examine(machine, capsys)
    missing = examine("--port", "0")[1]["Codex hooks"][0]
    assert is_in(missing, "warning")

    machine.run("setup", "codex", "--yes")

    assert not folder.exists()
    assert hooks_of(machine.home / ".codex/hooks.json")["Stop"] == [CODEX_HOOK]
    assert "more than once" not in examine("--port", "0")[1]["Codex hooks"][0]["found"]
    folder.write_text(json.dumps({"hooks": {"Stop": [{"hooks": [{"type": "command", "command": CODEX_HOOK}]}]}}))
    twice = examine("--port", "0")[1]["Codex hooks"][0]
    assert is_in(twice, "warning", "more than once for Stop", ".codex/hooks.json", "xats-tui setup codex")
