"""`xats-tui doctor`: what it finds, what it advises, and that it leaves everything as it was."""

import json
import os
import resource
import shutil
import socket
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from tests.commands.machine import CLIENTS, Machine
from tests.commands.processes import XATS, daemon
from tests.patience import PATIENCE
from tests.tmux_server import TmuxServer
from xats_tui.clients.setup.own_command import own_program
from xats_tui.runtime import pid_file

QUICK = ("doctor", "--quick", "--json")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine with tmux and all three clients, never set up."""
    machine = Machine(tmp_path, monkeypatch)
    machine.install("tmux", *CLIENTS)
    return machine


Told = dict[str, list[dict[str, str]]]


@pytest.fixture
def told(machine: Machine, capsys: pytest.CaptureFixture[str]) -> "Examine":
    """Runs a quick doctor in this process."""
    return Examine(machine, capsys)


class Examine:
    """`code, findings = told(*flags)`, the findings by topic."""

    def __init__(self, machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
        self._machine = machine
        self._capsys = capsys

    def __call__(self, *flags: str) -> tuple[int, Told]:
        self._capsys.readouterr()
        code = self._machine.run(*QUICK, *flags)
        return code, by_topic(self._capsys.readouterr().out)


def by_topic(printed: str) -> Told:
    """The findings of a report, by topic."""
    findings: Told = {}
    for finding in json.loads(printed)["findings"]:
        findings.setdefault(finding["topic"], []).append(finding)
    return findings


def is_in(finding: dict[str, str], state: str, *parts: str) -> bool:
    """Check a finding's state and texts, and that it has a remedy exactly if it needs one."""
    assert finding["state"] == state, finding
    assert all(part in finding["found"] + " → " + finding["remedy"] for part in parts), finding
    assert bool(finding["remedy"]) == (state in ("warning", "problem")), finding
    return True


@pytest.mark.slow
def test_a_machine_that_was_just_set_up_is_well_and_nothing_is_left_of_the_trials(
    machine: Machine, own_tmux_folder: Path
) -> None:
    machine.run("setup", "--yes")
    before = machine.everything()

    run = subprocess.run(
        [*XATS, "doctor", "--json", "--port", "0"],
        env=machine.environment(TMPDIR=str(own_tmux_folder)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )

    report = json.loads(run.stdout)
    bad = [finding for finding in report["findings"] if finding["state"] in ("warning", "problem")]
    assert (run.returncode, run.stderr) == (0, "")
    assert [(finding["topic"], finding["state"]) for finding in bad] == [("Codex hooks", "warning")]  # to be reviewed
    findings = by_topic(run.stdout)
    assert is_in(findings["bridge"][0], "ok", "started a scratch coordinator")
    assert is_in(findings["wake"][0], "ok", "seen in a scratch pane")  # at times before it is noted as submitted
    assert machine.everything() == before
    assert [path.name for path in machine.xats_home.iterdir()] == ["setup-before.json"]
    assert_nothing_is_left(own_tmux_folder)


def assert_nothing_is_left(folder: Path) -> None:
    """Check that the folder is empty and no process refers to it."""
    assert list(folder.iterdir()) == []
    left = [one.info for one in psutil.process_iter(["cmdline", "status"]) if str(folder) in str(one.info)]
    assert left == []


@pytest.mark.parametrize(
    ("hard", "state"), [(64, "problem"), (512, "warning"), (4096, "ok"), (resource.RLIM_INFINITY, "ok")]
)
def test_the_limit_of_open_files_is_looked_at(
    told: Examine, monkeypatch: pytest.MonkeyPatch, hard: int, state: str
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, hard))

    _, findings = told()

    assert is_in(findings["open files"][0], state, *(("ulimit -n 4096",) if state != "ok" else ()))


def test_clients_that_are_not_installed_are_no_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = Machine(tmp_path, monkeypatch)
    machine.install("tmux")

    code, findings = Examine(machine, capsys)("--port", "0")

    assert code == 0
    assert is_in(findings["other clients"][0], "skipped", "not installed: Claude Code, Codex, opencode")


def test_a_client_that_is_not_set_up_is_told_how(told: Examine) -> None:
    code, findings = told("--port", "0")

    assert code == 0
    assert is_in(findings["Codex"][0], "warning", "0.12.3, not set up", "xats-tui setup codex")


def test_what_the_clients_are_told_is_judged(machine: Machine, told: Examine) -> None:
    machine.run("setup", "--yes", "--no-hooks", "--home", str(machine.home / "elsewhere"))
    machine.write(".codex/config.toml", '[mcp_servers.xats]\ncommand = "/gone/xats-tui"\nargs = ["mcp"]\n')
    machine.write(".config/opencode/opencode.json", '{"mcp": ')

    code, findings = told("--port", "0")

    assert code == 1
    assert is_in(findings["Claude Code"][0], "warning", "uses another home, ~/elsewhere")
    assert is_in(findings["Claude Code hooks"][0], "warning", "none", "xats-tui setup claude-code")
    assert is_in(findings["Codex"][0], "problem", "/gone/xats-tui, which is not there", "xats-tui setup codex")
    assert is_in(findings["opencode"][0], "problem", "opencode.json:1:9: not valid JSON")


def test_a_token_in_a_configuration_is_not_told(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    command = [*own_program(), "mcp", "--token", "hush", "--token=hush"]
    servers = {"mcp": {"xats": {"type": "local", "command": command}}}
    machine.write(".config/opencode/opencode.json", json.dumps(servers))

    machine.run("doctor", "--quick", "--port", "0")

    shown = " ".join(capsys.readouterr().out.split())
    assert "mcp --token (set, not shown)" in shown and "hush" not in shown


def test_a_server_that_claude_added_for_one_folder_counts(machine: Machine, told: Examine) -> None:
    machine.run("setup", "claude-code", "--yes")
    file = machine.home / ".claude.json"
    servers = json.loads(file.read_text())["mcpServers"]
    file.write_text(json.dumps({"projects": {str(machine.project): {"mcpServers": servers}}}))

    _, findings = told("--port", "0")

    assert is_in(findings["Claude Code"][0], "ok", "xats-tui mcp")


def test_no_tmux_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, findings = Examine(Machine(tmp_path, monkeypatch), capsys)("--port", "0")

    assert code == 1
    assert is_in(findings["tmux"][0], "problem", "not installed", "install it")


def test_tmux_servers_are_named_and_a_dead_one_is_told(
    tmux: TmuxServer, told: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, findings = told("--port", "0")
    assert is_in(findings["tmux server"][0], "ok", f"{tmux.socket} (1 pane); this shell runs outside of tmux")

    monkeypatch.setenv("TMUX", f"{tmux.folder}/gone,1,0")
    _, findings = told("--port", "0")
    assert is_in(findings["tmux server"][0], "warning", "gone, where no server answers")


def test_settings_that_cannot_be_used_are_a_finding(machine: Machine, told: Examine) -> None:
    machine.write(".xats-tui/config.toml", "port = 'much'\n")

    code, findings = told()

    assert code == 1
    assert is_in(findings["configuration"][0], "problem", "port must be a number from 0 to 65535, not 'much'")
    assert "home" in findings


def test_a_taken_port_is_told_with_whose_it_is(told: Examine) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        _, findings = told("--port", str(port))

    assert is_in(findings["port"][0], "problem", f"{port}", f"pid {os.getpid()}", "which you asked for")


def test_a_home_that_others_may_look_into_is_a_warning(machine: Machine, told: Examine) -> None:
    file = machine.write(".xats-tui/config.toml", "")
    file.chmod(0o644)
    machine.xats_home.chmod(0o755)

    code, findings = told("--port", "0")

    assert code == 0
    assert is_in(
        findings["home"][0], "warning", ".xats-tui (755), config.toml (644)", f"chmod -R go= {machine.xats_home}"
    )


@pytest.fixture
def used_home(machine: Machine, tmp_path: Path) -> Path:
    """A home as a coordinator leaves it that was killed in the middle of its work."""
    machine.xats_home.mkdir(mode=0o700)
    with closing(sqlite3.connect(tmp_path / "data.db")) as database:
        database.executescript("CREATE TABLE t (a); PRAGMA journal_mode=WAL; PRAGMA user_version=2;")
        for name in ("data.db", "data.db-wal"):
            shutil.copy(tmp_path / name, machine.xats_home)
            (machine.xats_home / name).chmod(0o600)
    pid_file.write(machine.xats_home / "daemon.pid", pid_file.PidRecord(pid=os.getpid(), port=1))
    return machine.xats_home


def test_what_a_killed_coordinator_leaves_is_told_and_not_touched(
    machine: Machine, used_home: Path, told: Examine
) -> None:
    before = machine.everything()
    assert (used_home / "data.db-wal").stat().st_size > 0

    code, findings = told("--port", "0")

    assert code == 0
    assert is_in(findings["coordinator"][0], "warning", "none runs", "the next start removes it")
    assert is_in(findings["database"][0], "ok", "data.db: intact", "from schema 2")  # which only the log says
    assert machine.everything() == before


def test_a_database_that_was_closed_is_read_without_a_file_beside_it(machine: Machine, told: Examine) -> None:
    machine.xats_home.mkdir(mode=0o700)
    with closing(sqlite3.connect(machine.xats_home / "data.db")) as database:
        database.executescript("PRAGMA journal_mode=WAL; PRAGMA user_version=2;")
    (machine.xats_home / "data.db").chmod(0o600)
    before = machine.everything()

    _, findings = told("--port", "0")

    assert is_in(findings["database"][0], "ok", "data.db: intact")
    assert machine.everything() == before


def test_a_damaged_database_is_a_problem_and_so_is_a_newer_one(machine: Machine, told: Examine) -> None:
    machine.xats_home.mkdir(mode=0o700)
    path = machine.xats_home / "data.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript("PRAGMA user_version=999; CREATE TABLE t (a); CREATE INDEX i ON t (a);")
        database.executemany("INSERT INTO t VALUES (?)", [("x" * 500,)] * 200)
        database.commit()
    code, findings = told("--port", "0")
    assert (code, is_in(findings["database"][0], "problem", "newer xats-tui (schema 999")) == (1, True)

    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * 4096)
    code, findings = told("--port", "0")
    assert (code, is_in(findings["database"][0], "problem", "damaged")) == (1, True)

    path.write_bytes(b"no database at all" * 100)
    code, findings = told("--port", "0")
    assert (code, is_in(findings["database"][0], "problem", "cannot be read")) == (1, True)


def test_a_pid_file_of_somebody_else_is_a_warning(machine: Machine, told: Examine) -> None:
    machine.write(".xats-tui/daemon.pid", "4711")

    _, findings = told("--port", "0")

    assert is_in(findings["coordinator"][0], "warning", "no pid file of ours")


def test_findings_are_aligned_and_plain_where_there_is_no_terminal(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert machine.run("doctor", "--quick", "--port", "0") == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("  ✓ Python            ")
    assert all(line[:3] in ("  ✓", "  –", "  ▲") or line.startswith(" " * 22) for line in lines[:-2])
    assert all(len(line) <= 100 for line in lines) and "\x1b" not in "".join(lines)
    assert lines[-1] == "  3 warnings"


@pytest.mark.slow
def test_the_coordinator_that_runs_is_asked_and_goes_on_as_it_was(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    with daemon(machine.xats_home, "--token", "hush") as (process, port):
        log = (machine.xats_home / "xats-tui.log").read_text()
        code = machine.run("doctor", "--json", "--token", "hush")
        findings = by_topic(capsys.readouterr().out)

        assert code == 0
        assert is_in(findings["coordinator"][0], "ok", f"runs as pid {process.pid} at port {port}, without a dashboard")
        assert is_in(findings["port"][0], "ok", f"{port} answers as a coordinator")
        assert is_in(findings["bridge"][0], "ok", f"the coordinator at port {port} answered")
        record = pid_file.running(machine.xats_home / "daemon.pid")
        assert record is not None and record.pid == process.pid
        added = (machine.xats_home / "xats-tui.log").read_text().removeprefix(log)
        assert "bridge" not in added


@pytest.mark.slow
def test_an_interrupt_in_the_middle_of_the_trials_leaves_nothing(machine: Machine, own_tmux_folder: Path) -> None:
    process = subprocess.Popen(
        [*XATS, "doctor", "--port", "0"],
        env=machine.environment(TMPDIR=str(own_tmux_folder)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "✓ bridge" in line:
            break
    process.terminate()
    assert process.wait(PATIENCE) == 143
    process.stdout.close()

    assert machine.everything() == {}
    assert_nothing_is_left(own_tmux_folder)


def test_a_client_that_is_newer_than_its_screens_were_tested_with_is_told(machine: Machine, told: Examine) -> None:
    machine.say_version("codex", "999.1.0")

    findings = told()[1]

    assert is_in(findings["Codex screens"][0], "warning", "999.1.0 is newer than", "update xats-tui")
    assert "Claude Code screens" not in findings


def test_a_manifest_that_cannot_be_used_is_told_with_its_line(machine: Machine, told: Examine) -> None:
    machine.write(".xats-tui/clients/mine.toml", 'id = "mine"\ntitle = "Mine"\ntried = "soon"\n')

    _, findings = told("--quick")
    (finding,) = findings["client manifests"]

    assert is_in(finding, "warning", "mine.toml, line 3: write tried =", "counts as custom")
    assert "clients/mine.toml" in finding["remedy"]
