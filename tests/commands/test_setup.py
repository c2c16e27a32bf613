"""`xats-tui setup`: what it writes into other programs' files, and what it leaves alone."""

import difflib
import json
import os
import pty
import shlex
import tomllib
from pathlib import Path

import pytest

from tests.commands.machine import CLIENTS, Machine
from tests.commands.processes import XATS, clean_environment
from tests.commands.test_doctor import Examine, is_in
from xats_tui.clients.setup.former_texts import FILE
from xats_tui.clients.setup.own_command import own_program

HOOK = shlex.join([*own_program(), "hook", "--client", "claude-code"])
CODEX_HOOK = HOOK.replace("claude-code", "codex")

HOOK_EVENTS = {"SessionStart", "UserPromptSubmit", "PermissionRequest", "Notification", "Stop", "SessionEnd"}

CLAUDE = """\
{
\t"theme": "dark",
\t"mcpServers": {
\t\t"other": {"command": "o", "args": ["-x"]}
\t},
\t"projects": {}
}"""

CODEX = """\
# how I like it
model = "m"  # the small one

[mcp_servers.other]   # mine
command = "o"

[tui]
theme = "x"
"""

OPENCODE = """\
{
  // my servers
  "mcp": {"other": {"type": "remote", "url": "http://127.0.0.1:1/"}}, /* one */
}
"""

SETTINGS = """\
{
    "hooks": {
        "Stop": [
            {"hooks": [{"type": "command", "command": "notify-me"}]}
        ]
    },
    "model": "m"
}
"""

FILES = {
    ".claude.json": CLAUDE,
    ".claude/settings.json": SETTINGS,
    ".codex/config.toml": CODEX,
    ".config/opencode/opencode.json": OPENCODE,
}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine with all three clients, never started."""
    machine = Machine(tmp_path, monkeypatch)
    machine.install(*CLIENTS)
    return machine


def bridge(*flags: str) -> list[str]:
    return [*own_program(), "mcp", *flags]


def servers_of_claude(path: Path) -> dict[str, object]:
    servers: dict[str, object] = json.loads(path.read_text())["mcpServers"]
    return servers


def hooks_of(settings: Path) -> dict[str, list[str]]:
    """By event, the commands that its hooks run."""
    events = json.loads(settings.read_text())["hooks"]
    return {event: [hook["command"] for group in groups for hook in group["hooks"]] for event, groups in events.items()}


def rules_of(settings: Path) -> dict[str, list[str]]:
    """The rules of Claude Code's permissions."""
    rules: dict[str, list[str]] = json.loads(settings.read_text()).get("permissions", {})
    return rules


def test_every_installed_client_is_told_to_start_the_bridge(machine: Machine) -> None:
    assert machine.run("setup", "--yes") == 0

    command = bridge()
    assert servers_of_claude(machine.home / ".claude.json") == {
        "xats": {"type": "stdio", "command": command[0], "args": command[1:], "alwaysLoad": True}
    }
    codex = tomllib.loads((machine.home / ".codex/config.toml").read_text())
    entry = {"command": command[0], "args": command[1:], "default_tools_approval_mode": "approve"}
    assert codex == {"mcp_servers": {"xats": entry}}
    opencode = json.loads((machine.home / ".config/opencode/opencode.json").read_text())
    assert opencode == {"mcp": {"xats": {"type": "local", "command": command, "enabled": True}}}
    hooks = hooks_of(machine.home / ".claude/settings.json")
    assert hooks == {event: [HOOK] for event in HOOK_EVENTS}
    assert rules_of(machine.home / ".claude/settings.json") == {"allow": ["mcp__xats"]}


def test_only_what_is_installed_is_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(tmp_path, monkeypatch)
    machine.install("codex")

    assert machine.run("setup", "--yes") == 0

    assert {Path(path).name for path in machine.everything()} == {"config.toml", "hooks.json", FILE}


def test_a_client_that_is_not_installed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = Machine(tmp_path, monkeypatch)

    assert machine.run("setup", "codex", "--yes") == 1

    assert capsys.readouterr().err.startswith("xats-tui: no `codex` on PATH")


def test_a_second_run_says_so_and_changes_nothing(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.run("setup", "--yes")
    before = machine.everything()
    capsys.readouterr()

    assert machine.run("setup") == 0  # without a terminal: nothing has to be asked

    assert machine.everything() == before
    assert capsys.readouterr().out.count("already set up") == 7


def test_what_is_the_users_stays_to_the_letter(machine: Machine) -> None:
    for path, text in FILES.items():
        machine.write(path, text)

    assert machine.run("setup", "--yes") == 0
    for path, text in FILES.items():
        changed = (machine.home / path).read_text()
        before, after = ([line.rstrip(",") for line in one.splitlines()] for one in (text, changed))
        lost = [line for line in difflib.ndiff(before, after) if line.startswith("- ")]
        assert len(lost) <= 1 and "xats" in changed, changed  # one line may have grown
    assert machine.run("setup", "--remove", "--yes") == 0

    assert {path: (machine.home / path).read_text() for path in FILES} == FILES


def test_without_ours_nothing_is_left_of_files_that_held_nothing_else(machine: Machine) -> None:
    machine.run("setup", "--yes")

    assert machine.run("setup", "--remove", "--yes") == 0

    assert not [path for path in machine.everything() if not path.endswith(".bak")]
    assert machine.run("setup", "--remove") == 0


@pytest.mark.parametrize(
    ("path", "text", "place"),
    [
        (".claude.json", '{\n  "a": 1,\n}', ":2:9: not valid JSON: "),
        (".claude/settings.json", "{", ":1:2: not valid JSON: "),
        pytest.param(".claude.json", f'{{"a": {"[" * 9_999}', ": values are nested too deep in it", id="deep"),
        (".claude/settings.json", '{"hooks": []}', ": an object was expected where '[]' stands"),
        (".codex/config.toml", 'model = "m"\nbad =\n', ":2:5: not valid TOML: "),
        (".config/opencode/opencode.json", '{"mcp": {]}', ":1:10: not valid JSON: "),
        (".codex/config.toml", 'model = "\udcff"', " is not UTF-8 from byte 9 on"),
    ],
)
def test_a_broken_file_is_refused_with_its_place_and_nothing_is_touched(
    machine: Machine, capsys: pytest.CaptureFixture[str], path: str, text: str, place: str
) -> None:
    file = machine.write(path, "")
    file.write_bytes(text.encode(errors="surrogateescape"))
    before = machine.everything()

    assert machine.run("setup", "--yes") == 1

    said = capsys.readouterr()
    assert said.err.startswith(f"xats-tui: {file}{place}"), said.err
    assert said.err.endswith("; nothing was changed\n") and said.err.count("\n") == 1
    assert machine.everything() == before


def test_without_a_terminal_it_shows_the_change_and_wants_yes(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert machine.run("setup", "codex") == 1

    said = capsys.readouterr()
    assert "+[mcp_servers.xats]" in said.out
    assert "--yes" in said.err
    assert machine.everything() == {}


def test_a_dry_run_shows_every_change_and_makes_none(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.write(".claude.json", CLAUDE)
    before = machine.everything()

    assert machine.run("setup", "--dry-run") == 0

    shown = capsys.readouterr().out
    assert machine.everything() == before
    assert '+\t\t"xats": {'.replace("\t", "    ") in shown
    assert "-" not in {line.strip()[:1] for line in shown.splitlines() if "theme" in line}
    assert shown.count("not written (--dry-run)") == 7


def test_a_person_is_asked_file_by_file(machine: Machine) -> None:
    pid, descriptor = pty.fork()
    if pid == 0:
        environment = clean_environment() | {"TERM": "xterm-256color"}
        os.execve(XATS[0], [*XATS, "setup", "claude-code"], environment)
    shown = b""
    for question, answer in ((b"(MCP server)?", b"n\n"), (b"(hooks)?", b"y\n"), (b"(allow rule)?", b"n\n")):
        while question not in shown:
            shown += os.read(descriptor, 4096)
        os.write(descriptor, answer)
    while chunk := _more(descriptor):
        shown += chunk
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(descriptor)

    assert b"\x1b[32m+" in shown and shown.count(b"left as it was") == 2
    assert b"has nobody to ask" in shown
    assert rules_of(machine.home / ".claude/settings.json") == {}
    assert {Path(path).name for path in machine.everything()} == {"settings.json", FILE}


def _more(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # how Linux says that nobody has the terminal open any more
        return b""


def test_a_backup_has_what_was_there_and_is_its_owners_alone(machine: Machine) -> None:
    file = machine.write(".claude.json", CLAUDE)
    for flags in ((), ("--remove",), ()):  # within one second; removal gives back what was there, and needs none
        assert machine.run("setup", "claude-code", "--no-hooks", "--no-allow", "--yes", *flags) == 0

    backups = sorted(machine.home.glob(".claude.json.*.bak"), key=lambda path: path.stat().st_mtime_ns)
    assert len(backups) == 2
    assert backups[0].read_text() == CLAUDE
    assert {path.stat().st_mode & 0o777 for path in backups} == {0o600}
    assert file.exists() and not (machine.home / ".claude").exists()


def test_mode_and_symbolic_link_stay(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    kept = machine.write("dotfiles/codex.toml", CODEX)
    kept.chmod(0o640)
    (machine.home / ".codex").mkdir()
    (machine.home / ".codex/config.toml").symlink_to(kept)

    assert machine.run("setup", "codex", "--yes") == 0

    assert (machine.home / ".codex/config.toml").is_symlink()
    assert "mcp_servers.xats" in kept.read_text() and kept.stat().st_mode & 0o777 == 0o640
    assert len(list(kept.parent.glob("codex.toml.*.bak"))) == 1
    assert "(leads to ~/dotfiles/codex.toml)" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("path", [".claude.json", ".codex/config.toml"])
def test_windows_line_ends_and_byte_order_mark_stay(machine: Machine, path: str) -> None:
    file = machine.write(path, "")
    before = b"\xef\xbb\xbf" + FILES[path].replace("\n", "\r\n").encode()
    file.write_bytes(before)

    assert machine.run("setup", "--yes") == 0

    after = file.read_bytes()
    assert b"xats" in after and after.startswith(b"\xef\xbb\xbf") and after.count(b"\n") == after.count(b"\r\n")
    machine.run("setup", "--remove", "--yes")
    assert file.read_bytes() == before


def test_a_folder_that_cannot_be_written_is_told(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.write(".codex", "a file where the folder should be")

    assert machine.run("setup", "codex", "--yes") == 1

    assert capsys.readouterr().err.startswith(f"xats-tui: {machine.home}/.codex/config.toml cannot be ")


def test_hooks_of_others_stay_and_ours_of_another_installation_are_renewed(machine: Machine) -> None:
    old = SETTINGS.replace("notify-me", "/gone/bin/xats-tui hook")
    settings = machine.write(".claude/settings.json", old)
    machine.run("setup", "claude-code", "--yes")
    assert hooks_of(settings)["Stop"] == [HOOK]

    settings.write_text(SETTINGS)
    machine.run("setup", "claude-code", "--yes")
    assert hooks_of(settings)["Stop"] == ["notify-me", HOOK]
    assert hooks_of(settings).keys() == HOOK_EVENTS


def test_the_hook_that_waits_for_a_person_gets_the_time_also_in_an_older_entry(machine: Machine) -> None:
    settings = machine.home / ".claude/settings.json"
    machine.run("setup", "claude-code", "--yes")
    written = settings.read_text()
    events = json.loads(written)["hooks"]
    assert {event: groups[0]["hooks"][0].get("timeout") for event, groups in events.items() if event != "Stop"} == {
        event: 3600 if event == "PermissionRequest" else None for event in HOOK_EVENTS if event != "Stop"
    }

    del events["PermissionRequest"][0]["hooks"][0]["timeout"]
    settings.write_text(json.dumps({"hooks": events}))
    machine.run("setup", "claude-code", "--yes")
    assert json.loads(settings.read_text())["hooks"]["PermissionRequest"][0]["hooks"][0]["timeout"] == 3600


def test_the_flags_that_were_given_are_passed_on_and_the_token_is_not(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.run("setup", "--yes", "--home", "work", "--port", "9300", "--token", "hush")

    home = str(machine.project / "work")
    flags = bridge("--home", home, "--port", "9300")
    assert servers_of_claude(machine.home / ".claude.json")["xats"] == {
        "type": "stdio",
        "command": flags[0],
        "args": flags[1:],
        "alwaysLoad": True,
    }
    assert hooks_of(machine.home / ".claude/settings.json")["Stop"][0].endswith(
        f" hook --home {home} --port 9300 --client claude-code"
    )
    assert not any(b"hush" in content for _, _, content in machine.everything().values())
    assert "The token is not written" in capsys.readouterr().out


def test_what_is_an_agents_own_in_the_entry_is_kept(machine: Machine) -> None:
    entry = {"command": "/gone/xats-tui", "args": ["mcp", "--port", "1", "--name", "bob"], "env": {"A": "1"}}
    file = machine.write(".claude.json", json.dumps({"mcpServers": {"xats": entry}}))

    machine.run("setup", "claude-code", "--yes")

    command = bridge("--name", "bob")
    assert servers_of_claude(file)["xats"] == {
        "command": command[0],
        "args": command[1:],
        "env": {"A": "1"},
        "type": "stdio",
        "alwaysLoad": True,
    }


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".claude.json", '{"mcpServers": {"xats": {"type": "http", "url": "http://127.0.0.1:1/mcp", "headers": {}}}}'),
        (".codex/config.toml", '[mcp_servers.xats]\nurl = "http://127.0.0.1:1/mcp"\nbearer_token_env_var = "T"\n'),
        (".codex/config.toml", 'mcp_servers = { xats = { url = "http://127.0.0.1:1/mcp" } }\n'),
    ],
)
def test_a_server_that_was_reached_over_http_becomes_one_that_is_started(
    machine: Machine, path: str, text: str
) -> None:
    file = machine.write(path, text)

    assert machine.run("setup", "--yes") == 0

    changed = file.read_text()
    document = tomllib.loads(changed) if path.endswith("toml") else json.loads(changed)
    entry = document["mcp_servers" if "mcp_servers" in document else "mcpServers"]["xats"]
    assert entry.pop("type", "stdio") == "stdio"
    assert entry.pop("alwaysLoad", True) is True
    assert entry.pop("default_tools_approval_mode", "approve") == "approve"
    assert entry == {"command": bridge()[0], "args": bridge()[1:]}


@pytest.mark.parametrize(
    "text",
    [
        "mcp_servers = {}\n",
        '[mcp_servers]\nother = { command = "o" }\n',
        '[mcp_servers.other]\ncommand = "o"\n[tui]\na = 1\n[mcp_servers.more]\ncommand = "m"\n',
        'mcp_servers.other.command = "o"\n',
        '[mcp_servers.other]\ncommand = "o"\n\n[mcp_servers.other.env]\nA = "1"\n# the end\n',
        '[mcp_servers.xats]\ncommand = "old"\nenabled = false\n[mcp_servers.xats.env]\nA = "1"\n',
    ],
)
def test_codex_servers_are_added_however_the_others_are_written(machine: Machine, text: str) -> None:
    file = machine.write(".codex/config.toml", text)

    assert machine.run("setup", "codex", "--yes") == 0

    before, after = tomllib.loads(text), tomllib.loads(file.read_text())
    ours = after["mcp_servers"].pop("xats")
    assert [ours["command"], *ours["args"]] == bridge() and ours.get("enabled", True)
    before["mcp_servers"].pop("xats", None)
    assert after == before


@pytest.mark.parametrize(
    ("variable", "value", "path"),
    [
        ("CLAUDE_CONFIG_DIR", "c", "c/.claude.json"),
        ("CLAUDE_CONFIG_DIR", "c", "c/settings.json"),
        ("CODEX_HOME", "x", "x/config.toml"),
        ("XDG_CONFIG_HOME", "g", "g/opencode/opencode.json"),
        ("OPENCODE_CONFIG", "o.jsonc", "o.jsonc"),
    ],
)
def test_the_variables_that_the_clients_know_lead_to_their_files(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, path: str
) -> None:
    monkeypatch.setenv(variable, str(machine.home / value))

    assert machine.run("setup", "--yes") == 0

    assert "xats" in (machine.home / path).read_text()


def test_the_project_has_files_of_its_own(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    assert machine.run("setup", "--scope", "project", "--yes") == 0

    written = {path.relative_to(machine.project) for path in machine.project.rglob("*") if path.is_file()}
    names = {".mcp.json", ".claude/settings.json", ".codex/config.toml", "opencode.json"}
    assert {str(path) for path in written} == names
    assert "Claude Code asks whether to use it" in capsys.readouterr().out


def test_the_file_of_opencode_that_has_ours_is_the_one_that_is_changed(machine: Machine) -> None:
    folder = ".config/opencode"
    jsonc = machine.write(f"{folder}/opencode.jsonc", "{}")
    plain = machine.write(f"{folder}/opencode.json", '{"mcp": {"xats": {"type": "local", "command": ["old"]}}}')

    assert machine.run("setup", "opencode", "--yes") == 0

    assert json.loads(plain.read_text())["mcp"]["xats"]["command"] == bridge()
    assert jsonc.read_text() == "{}"


def test_what_a_file_says_never_reaches_the_terminal_raw(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.write(".config/opencode/opencode.json", "{\n  // \x1b[31m\x07 red\n}\n")

    assert machine.run("setup", "opencode", "--yes") == 0

    said = capsys.readouterr().out
    assert "\x1b" not in said and "\\x1b[31m\\x07 red" in said


PARROT = """\
id = "parrot"
title = "Parrot"
tried = false
program = "parrot"
install = "make parrot"

[setup]
folder = ".parrot"
file = "config.toml"
format = "toml"
servers = "mcp.servers"

[launch]
arguments = ["--config={config}"]
name_by = "bridge"
"""


def test_a_client_of_the_users_own_is_set_up_examined_and_launched(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.install("parrot")
    machine.write(".xats-tui/clients/parrot.toml", PARROT)
    before = "# mine\n[mcp]\non = true\n"
    config = machine.write(".parrot/config.toml", before)

    assert machine.run("setup", "parrot", "--yes") == 0
    assert tomllib.loads(config.read_text())["mcp"]["servers"]["xats"]["args"] == ["mcp"]
    assert is_in(Examine(machine, capsys)("--port", "0")[1]["Parrot"][0], "ok", "1.2.3, ~/.parrot/config.toml")
    assert machine.run("launch", "parrot", "--name", "ann", "--dry-run") == 0
    assert '--config={"mcp":{"servers":{"xats":' in capsys.readouterr().out
    assert machine.run("setup", "parrot", "--yes", "--remove") == 0
    assert config.read_text() == before


def test_what_was_there_before_is_kept_for_its_owner_alone(machine: Machine) -> None:
    machine.write(".claude.json", CLAUDE).chmod(0o644)
    machine.run("setup", "claude-code", "--yes")

    kept = machine.xats_home / FILE
    assert kept.stat().st_mode & 0o777 == 0o600 and kept.parent.stat().st_mode & 0o777 == 0o700
    assert json.loads(kept.read_text())["files"][str(machine.home / ".claude.json")]["text"] == CLAUDE


@pytest.mark.parametrize(
    "record",
    [
        "[" * 100_000,
        '{"files": {"PATH": {"text": 7, "written": "x"}}, "folders": []}',
        '{"files": {"PATH": {"text": ["mine"], "written": null}}, "folders": [7]}',
        '{"files": {}, "folders": [[]]}',
    ],
    ids=["deep", "a number", "a list", "folders"],
)
def test_a_record_of_before_that_was_tampered_with_is_not_believed(machine: Machine, record: str) -> None:
    file = machine.write(".claude.json", CLAUDE)
    machine.run("setup", "claude-code", "--yes")
    (machine.xats_home / FILE).write_text(record.replace("PATH", str(file)))

    assert machine.run("setup", "claude-code", "--yes", "--remove") == 0

    assert file.read_text() == CLAUDE


def test_a_client_that_nobody_has_described_is_refused(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    assert machine.run("setup", "parrot", "--yes") == 2

    assert capsys.readouterr().err.startswith("xats-tui: parrot cannot be set up: choose claude-code, codex, opencode")
