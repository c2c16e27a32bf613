"""The coordinator as the recorded scenarios start it: `daemon --port P --db F --pid-file F [--token T]`."""

import json
import os
import re
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backend.api.plain_http import INITIALIZE, JSON_OR_STREAM, call
from tests.commands.processes import XATS, clean_environment, xats
from tests.patience import PATIENCE
from tests.wire.coordinator import Coordinator, ended_pid, pid_record, running
from tests.wire.doors import event_of
from xats_tui import __version__

TOKEN = "correct horse"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "some" / "where"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coordinator]:
    """A coordinator that wants a token."""
    folder = tmp_path_factory.mktemp("guarded")
    with running(folder / "home", folder, "--token", TOKEN) as started:
        yield started


def ask(url: str, body: object = None, **headers: str) -> tuple[int, str, dict[str, str]]:
    """Status, body and headers of an answer; a POST if there is something to send."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={**JSON_OR_STREAM, **headers})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), dict(error.headers)


def refused(home: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and stderr of a coordinator that does not start."""
    files = ("--db", str(home / "data.db"), "--pid-file", str(home / "daemon.pid"))
    run = xats("daemon", *files, *arguments, HOME=str(home))
    assert run.stdout == ""
    return run.returncode, run.stderr


@pytest.mark.slow
def test_it_says_where_it_listens_in_one_line_and_writes_it_down(home: Path) -> None:
    with running(home, home) as started:
        record = pid_record(home / "daemon.pid")
        assert (record["pid"], record["port"]) == (started.process.pid, started.port)
        status, body, _ = ask(f"{started.base}/health")
        assert (status, json.loads(body)["ok"], json.loads(body)["version"]) == (200, True, __version__)
        started.process.send_signal(signal.SIGTERM)
        assert started.process.stdout is not None
        assert started.process.stdout.read() == ""
        assert started.process.wait(PATIENCE) == 0
    assert not (home / "daemon.pid").exists()
    assert (home / "data.db").exists()


@pytest.mark.slow
def test_a_second_one_is_refused_and_the_first_goes_on(home: Path) -> None:
    with running(home, home) as started:
        code, stderr = refused(home, "--port", "0")
        assert code == 1
        assert f"daemon already running pid={started.process.pid}" in stderr
        assert ask(f"{started.base}/health")[0] == 200
        assert pid_record(home / "daemon.pid")["pid"] == started.process.pid


@pytest.mark.slow
@pytest.mark.parametrize("left", ["a dead pid", "another program's pid", "garbage", "nothing"])
def test_a_pid_file_that_was_left_does_not_keep_it_from_starting(home: Path, left: str) -> None:
    home.mkdir(parents=True)
    texts = {
        "a dead pid": json.dumps({"pid": ended_pid(), "port": 1}),
        "another program's pid": json.dumps({"pid": os.getpid(), "port": 1}),
        "garbage": "{",
        "nothing": "",
    }
    (home / "daemon.pid").write_text(texts[left])
    with running(home, home) as started:
        assert pid_record(home / "daemon.pid")["pid"] == started.process.pid


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("port", ["abc", "-1", "65536", "1.5", ""])
def test_a_port_that_is_none_is_named(home: Path, port: str) -> None:
    code, stderr = refused(home, f"--port={port}")
    assert code == 1
    assert re.search(r"\b65535\b", stderr)
    assert not (home / "daemon.pid").exists()


def test_a_command_that_does_not_exist_is_a_misuse() -> None:
    assert xats("nonsense").returncode == 2


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_w6_it_ends_although_a_stream_is_open(home: Path, number: signal.Signals) -> None:
    with running(home, home) as started:
        _, _, headers = ask(f"{started.base}/mcp", INITIALIZE)
        session = {"mcp-session-id": headers["mcp-session-id"], "accept": "text/event-stream"}
        with urllib.request.urlopen(
            urllib.request.Request(f"{started.base}/mcp", headers=session), timeout=PATIENCE
        ) as stream:
            started.process.send_signal(number)
            assert started.process.wait(PATIENCE) == 0
            stream.read()
    assert not (home / "daemon.pid").exists()


@pytest.mark.slow
def test_after_a_restart_the_sessions_and_the_agents_of_before_are_known(home: Path) -> None:
    registration = call("register_agent", client="custom", model="m", name="alice")
    ids = []
    with running(home, home) as started:
        _, _, headers = ask(f"{started.base}/mcp", INITIALIZE)
        session = {"mcp-session-id": headers["mcp-session-id"]}
        ids.append(agent_id_in(ask(f"{started.base}/mcp", registration, **session)[1]))
        started.process.send_signal(signal.SIGKILL)
        started.process.wait(PATIENCE)
    with running(home, home) as again:
        ids.append(agent_id_in(ask(f"{again.base}/mcp", registration, **session)[1]))
    assert ids[0] == ids[1]


def agent_id_in(text: str) -> str:
    """The id in the answer to a registration."""
    return str(json.loads(event_of(text)["result"]["content"][0]["text"])["agent_id"])


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    ("authorization", "query", "passes"),
    [
        (f"Bearer {TOKEN}", "", True),
        (None, f"?token={TOKEN.replace(' ', '%20')}", True),
        (None, f"?other=1&token={TOKEN.replace(' ', '+')}", True),
        ("Basic eA==", f"?token={TOKEN.replace(' ', '%20')}", True),
        ("bearer correct horse", f"?token={TOKEN.replace(' ', '%20')}", True),
        (None, "", False),
        (None, "?token=", False),
        ("Bearer wrong", "", False),
        ("Bearer ", "", False),
        ("bearer correct horse", "", False),
        ("Bearer wrong", f"?token={TOKEN.replace(' ', '%20')}", False),
    ],
)
def test_a_token_is_looked_for_where_the_reference_looks(
    guarded: Coordinator, authorization: str | None, query: str, passes: bool
) -> None:
    headers = {"authorization": authorization} if authorization is not None else {}
    status, body, _ = ask(f"{guarded.base}/mcp{query}", INITIALIZE, **headers)
    if passes:
        assert status == 200
    else:
        assert (status, json.loads(body)) == (401, {"error": "invalid_token"})


def test_without_a_token_there_is_health_and_nothing_else(guarded: Coordinator) -> None:
    for path in ("/health", "/healthz", "/health/x"):
        assert ask(f"{guarded.base}{path}")[0] in (200, 404), path
    for path in ("/", "/nothing", "/mcp", "/hook", "/xhealth"):
        status, body, _ = ask(f"{guarded.base}{path}")
        assert (status, json.loads(body)) == (401, {"error": "invalid_token"}), path
    assert ask(f"{guarded.base}/nothing", authorization=f"Bearer {TOKEN}")[0] == 404


@pytest.mark.slow
def test_a_token_is_not_to_be_seen_in_the_log(guarded: Coordinator) -> None:
    ask(f"{guarded.base}/mcp?token={TOKEN.replace(' ', '%20')}", INITIALIZE)
    logs = [path.read_text() for path in guarded.home.glob("*.log")]
    assert not any("correct" in log for log in logs)


@pytest.mark.slow
def test_pre_registering_a_pane_from_the_command_line(home: Path, guarded: Coordinator) -> None:
    home.mkdir(parents=True)
    pid_file = str(guarded.home / "daemon.pid")
    known = ("--pid-file", pid_file, "--token", TOKEN)
    pane = ("--pane", "%9009", "--agent-id", "11111111-1111-4111-8111-111111111111")

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*XATS, "pre-register-codex-pane", *arguments],
            env=clean_environment() | {"HOME": str(home), "XATS_HOME": str(home)} | environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    done = run(*pane, *known)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout).keys() == {"ok", "expires_at"}
    by_environment = run(*pane, "--port", str(guarded.port), CROSS_AGENT_TEAMS_MCP_TOKEN=TOKEN)
    assert by_environment.returncode == 0
    assert run("--pane", "%1", *known).returncode == 2
    assert run(*known).returncode == 2
    bad_ttl = run(*pane, "--ttl", "0", *known)
    assert (bad_ttl.returncode, json.loads(bad_ttl.stderr)) == (2, {"ok": False, "error": "invalid_ttl"})
    nowhere = run(*pane, "--token", TOKEN, "--pid-file", str(home / "none"))
    assert (nowhere.returncode, json.loads(nowhere.stderr)["error"]) == (1, "daemon_port_unresolved")
    refused_by_tool = run("--pane", "9", *pane[2:], *known)
    assert refused_by_tool.returncode == 1
    assert json.loads(refused_by_tool.stderr).keys() == {"raw"}
    unreachable = run(*pane, "--port", "1", "--token", TOKEN)
    assert (unreachable.returncode, json.loads(unreachable.stderr)["error"]) == (1, "cli_failed")
