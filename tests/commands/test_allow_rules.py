"""`xats-tui setup` and the rules by which agents may call our tools unasked: put in, found missing, taken out."""

import json
import tomllib
from pathlib import Path

import pytest

from tests.commands.machine import CLIENTS, Machine
from tests.commands.test_doctor import Examine, is_in

SETTINGS, CODEX, OPENCODE = ".claude/settings.json", ".codex/config.toml", ".config/opencode/opencode.json"

TOPICS = {SETTINGS: "Claude Code rules", CODEX: "Codex rules", OPENCODE: "opencode rules"}

APPROVED = 'default_tools_approval_mode = "approve"'


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine with all three clients, never started."""
    machine = Machine(tmp_path, monkeypatch)
    machine.install(*CLIENTS)
    return machine


@pytest.fixture
def told(machine: Machine, capsys: pytest.CaptureFixture[str]) -> Examine:
    """Runs a quick doctor in this process."""
    return Examine(machine, capsys)


def added_to(machine: Machine, path: str) -> list[str]:
    """The rules of ours that stand in a file."""
    text = (machine.home / path).read_text()
    return [line.strip().rstrip(",") for line in text.splitlines() if "mcp__xats" in line or "approv" in line]


SHAPES = [
    (SETTINGS, '{"permissions": {"allow": ["Bash(ls:*)"], "deny": ["WebFetch"]}}\n'),
    (SETTINGS, '{\n\t"permissions": {\n\t\t"allow": [\n\t\t\t"Bash(ls:*)",\n\t\t\t"Read"\n\t\t]\n\t}\n}'),
    (SETTINGS, '{\n  "permissions": {\n    "defaultMode": "default"\n  },\n  "model": "m"\n}\n'),
    (SETTINGS, '{\r\n  "model": "m",\r\n  "permissions": { "ask": [] }\r\n}\r\n'),
    (SETTINGS, '{"a": {"permissions": {"allow": []}}}'),
    (CODEX, '# mine\n[mcp_servers.other]\ncommand = "o"\ndefault_tools_approval_mode = "prompt"\n\n[tui]\na = 1\n'),
    (CODEX, '\ufeffmodel = "m" # small\r\n[mcp_servers]\r\nother = { command = "o" }\r\n'),
    (OPENCODE, '{\n  // what I allow\n  "permission": {\n    "*": "ask", // all\n    "bash": "deny"\n  }\n}\n'),
    (OPENCODE, '{"permission": {"*": "ask"}, "mcp": {}, "x": 1}'),
    (OPENCODE, '{\n  "permission": {"xats*": {"*": "ask"}, /* mail */ "edit": "allow",},\n  "model": "m"\n}\n'),
]


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(("path", "text"), SHAPES)
def test_a_rule_is_put_in_and_taken_out_to_the_byte(machine: Machine, told: Examine, path: str, text: str) -> None:
    file = machine.write(path, "")
    file.write_bytes(text.encode())

    assert machine.run("setup", "--yes") == 0
    assert is_in(told()[1][TOPICS[path]][0], "ok", "need no approval, ~")
    assert machine.run("setup", "--remove", "--yes") == 0

    if '"mcp": {}' not in text:  # an empty list of servers is taken for ours
        assert file.read_bytes() == text.encode()


def test_the_rule_covers_our_server_and_no_other(machine: Machine) -> None:
    for path, text in ((SETTINGS, '{"permissions": {"allow": ["mcp__xats_other"]}}'), (OPENCODE, SHAPES[8][1])):
        machine.write(path, text)
    machine.run("setup", "--yes")

    assert json.loads((machine.home / SETTINGS).read_text())["permissions"] == {
        "allow": ["mcp__xats_other", "mcp__xats"]
    }
    assert tomllib.loads((machine.home / CODEX).read_text())["mcp_servers"].keys() == {"xats"}
    permission = json.loads((machine.home / OPENCODE).read_text())["permission"]
    assert list(permission.items()) == [("*", "ask"), ("xats_*", "allow")]  # the last one that fits counts


def test_it_is_offered_to_whoever_has_set_up_the_server_before(
    machine: Machine, told: Examine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.run("setup", "--no-allow", "--yes")
    assert added_to(machine, SETTINGS) == added_to(machine, CODEX) == []
    _, findings = told()
    for path in (SETTINGS, CODEX):
        assert is_in(findings[TOPICS[path]][0], "warning", "a woken agent stops at get_inbox", "xats-tui setup c")
    assert is_in(findings[TOPICS[OPENCODE]][0], "ok", "need no approval")
    capsys.readouterr()

    machine.run("setup", "--yes")

    said = capsys.readouterr().out
    changed = [line.strip() for line in said.splitlines() if line.strip().startswith(("+ ", "- ", "+d"))]
    assert changed == ["+  },", '+  "permissions": {', '+    "allow": ["mcp__xats"]', f"+{APPROVED}"]
    assert said.count("has nobody to ask") == 2
    assert "allow rule: not needed" in said


def test_a_dry_run_shows_the_rule_on_top_of_the_server(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.run("setup", "codex", "--dry-run")

    shown = capsys.readouterr().out
    assert shown.index("+[mcp_servers.xats]") < shown.index(f"+{APPROVED}")
    assert machine.everything() == {}


WEAKER = [
    (SETTINGS, '{"permissions": {"ask": ["mcp__xats__get_inbox"]}}', "ask: mcp__xats__get_inbox", "/permissions"),
    (SETTINGS, '{"permissions": {"deny": ["mcp__xats"]}}', "deny: mcp__xats", "/permissions"),
    (
        CODEX,
        '[mcp_servers.xats]\ncommand = "c"\n[mcp_servers.xats.tools.get_inbox]\napproval_mode = "prompt"\n',
        'get_inbox: approval_mode = "prompt"',
        "[mcp_servers.xats.tools]",
    ),
    (OPENCODE, '{"permission": "ask"}', '"permission": "ask"', '"*": "ask", "xats_*": "allow"'),
]


@pytest.mark.parametrize(("path", "text", "rule", "remedy"), WEAKER)
def test_rules_of_the_users_own_stay_and_the_doctor_names_them(
    machine: Machine, told: Examine, path: str, text: str, rule: str, remedy: str
) -> None:
    file = machine.write(path, text)

    machine.run("setup", "--yes")

    assert text.split('"')[-2] in file.read_text()
    assert is_in(told()[1][TOPICS[path]][0], "warning", "a woken agent stops at what ~/", rule, remedy)


def test_a_rule_that_ours_would_overrule_is_named_until_it_does(machine: Machine, told: Examine) -> None:
    machine.write(OPENCODE, '{"permission": {"*": "allow", "xats_get_*": "deny"}}')
    machine.run("setup", "--yes", "--no-allow")
    assert is_in(told()[1][TOPICS[OPENCODE]][0], "warning", '{"xats_get_*": "deny"}', "xats-tui setup opencode")

    machine.run("setup", "--yes")

    assert is_in(told()[1][TOPICS[OPENCODE]][0], "ok")


def test_a_rule_of_the_folders_own_is_overruled_there(machine: Machine, told: Examine) -> None:
    (machine.project / "opencode.json").write_text('{"permission": {"*": "ask"}}')
    machine.run("setup", "--yes")
    assert is_in(told()[1][TOPICS[OPENCODE]][0], "warning", '{"*": "ask"}', "xats-tui setup opencode --scope project")

    machine.run("setup", "opencode", "--scope", "project", "--yes")

    assert is_in(told()[1][TOPICS[OPENCODE]][0], "ok")


def test_a_rule_that_says_the_same_in_another_way_is_enough(
    machine: Machine, told: Examine, capsys: pytest.CaptureFixture[str]
) -> None:
    text = '{"permissions": {"allow": ["mcp__xats__*"]}}'
    file = machine.write(SETTINGS, text)

    machine.run("setup", "claude-code", "--no-hooks", "--yes")

    assert file.read_text() == text
    assert "allow rule: already set up" in capsys.readouterr().out
    assert is_in(told()[1][TOPICS[SETTINGS]][0], "ok")


@pytest.mark.parametrize(
    ("path", "text", "place"),
    [
        (SETTINGS, '{"permissions": {"allow": {}}}', ":1:27: not valid JSON: an array was expected here"),
        (SETTINGS, '{"permissions": []}', ": an object was expected where '[]' stands"),
        (OPENCODE, '{"permission": [1]}', ": an object was expected where '[1]' stands"),
    ],
)
def test_rules_that_the_client_could_not_read_are_refused_with_their_place(
    machine: Machine, capsys: pytest.CaptureFixture[str], path: str, text: str, place: str
) -> None:
    file = machine.write(path, text)
    before = machine.everything()

    assert machine.run("setup", "--yes") == 1

    assert capsys.readouterr().err == f"xats-tui: {file}{place}; nothing was changed\n"
    assert machine.everything() == before


def test_what_is_added_twice_to_one_file_leaves_one_backup_of_what_was_there(machine: Machine) -> None:
    before = '{"model": "m"}\n'
    machine.write(SETTINGS, before)

    machine.run("setup", "claude-code", "--yes")

    (backup,) = (machine.home / ".claude").glob("*.bak")
    assert backup.read_text() == before
    assert "mcp__xats" in (machine.home / SETTINGS).read_text()
