"""A host's first requests are answered while the bridge is still being imported, as a ready one would."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.commands.processes import clean_environment, daemon
from tests.mcp_bridge.host import ScriptedHost, bridge
from tests.patience import eventually
from xats_tui import __version__
from xats_tui.mcp_bridge.host import kept_tools
from xats_tui.mcp_bridge.host.early import is_bridge
from xats_tui.mcp_bridge.host.first_answers import FirstAnswers
from xats_tui.mcp_bridge.host.known import Known, look
from xats_tui.mcp_bridge.host.pipes import Pipes
from xats_tui.runtime import pid_file
from xats_tui.runtime.pid_file import PidRecord

NEEDED_LATER = {"asyncio", "httpcore2", "psutil", "pydantic", "ssl", "tomllib", "typer"}
"""Modules that only the ready bridge needs."""

OTHER_COMMANDS = {"xats_tui.commands.readings", "xats_tui.commands.doctor", "xats_tui.clients.setup"}

IMPORTED = """
import sys
sys.argv = ["/bin/xats-tui", "mcp", "--home", sys.argv[1]]
import {module}
print(*sorted(sys.modules), file=sys.stderr)
"""

SLOW_MODULE = """\
import importlib.util, pathlib, sys, time
folder = pathlib.Path(__file__).parent
(folder / "begun").touch()
while not (folder / "go on").exists():
    time.sleep(0.01)
sys.path.remove(str(folder))
del sys.modules[{name!r}]
specification = importlib.util.find_spec({name!r})
module = importlib.util.module_from_spec(specification)
sys.modules[{name!r}] = module
specification.loader.exec_module(module)
"""

INITIALIZE = b'{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":"2025-03-26"}}'


@asynccontextmanager
async def slow_bridge(
    home: Path, folder: Path, *arguments: str, slow: str = "httpcore2"
) -> AsyncIterator[tuple[ScriptedHost, Path]]:
    """A bridge whose imports stop at a module until there is a file `go on` in the folder."""
    folder.mkdir()
    (folder / f"{slow}.py").write_text(SLOW_MODULE.format(name=slow))
    async with bridge(home, *arguments, PYTHONPATH=str(folder)) as host:
        yield host, folder


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("slow", ["psutil", "httpcore2"])
async def test_initialize_is_answered_while_the_program_is_still_imported_and_only_once(
    home: Path, tmp_path: Path, slow: str
) -> None:
    async with slow_bridge(home, tmp_path / "slow", "--port", "0", slow=slow) as (host, folder):
        host.say(INITIALIZE)
        host.say(b'{"jsonrpc":"2.0","method":"notifications/initialized"}')
        host.say(b'{"jsonrpc":"2.0","id":"later","method":"ping"}')
        answer = await host.hear()
        await eventually((folder / "begun").exists)
        assert answer["id"] == "hello"
        assert answer["result"]["protocolVersion"] == "2025-03-26"
        assert "register_agent" in answer["result"]["instructions"]

        (folder / "go on").touch()
        assert await host.hear() == {"jsonrpc": "2.0", "id": "later", "result": {}}
        again = await host.request("initialize")
        assert again["result"]["serverInfo"]["name"] == "xats-tui"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("mcp", True),
        ("mcp --name alice", True),
        ("--home /x mcp", True),
        ("--home=/x --port 9100 mcp --channel", True),
        ("mcp --help", False),
        ("send --to mcp", False),
        ("--home mcp send", False),
        ("", False),
    ],
)
def test_only_a_bridge_listens_to_stdin_from_the_start(arguments: str, expected: bool) -> None:
    for program in ("/usr/bin/xats-tui", "/x/xats_tui/__main__.py", "xats-tui"):
        assert is_bridge([program, *arguments.split()]) is expected
    assert not is_bridge(["/usr/bin/pytest", *arguments.split()])


async def test_a_bridge_that_is_still_imported_says_what_a_ready_one_does(home: Path, tmp_path: Path) -> None:
    with daemon(home):
        async with bridge(home) as host:
            greeting = await host.shake_hands()
            listed = await host.request("tools/list")
            refused = await host.request("server/discover")
        async with slow_bridge(home, tmp_path / "slow") as (host, folder):
            assert (await host.request("server/discover"))["error"] == refused["error"]
            assert await host.shake_hands() == greeting
            assert (await host.request("tools/list"))["result"] == listed["result"]
            await eventually((folder / "begun").exists)

            (folder / "go on").touch()
            assert (await host.call("echo", msg="hi"))["msg"] == "hi"
            assert (await host.request("tools/list"))["result"] == listed["result"]


async def test_a_bridge_that_registers_its_agent_does_not_import_typer(home: Path, tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise RuntimeError('not wanted')")
    with daemon(home):
        async with bridge(home, "--name", "alice", "--team", "red", PYTHONPATH=str(tmp_path)) as host:
            await host.shake_hands()
            assert (await host.call("whoami"))["name"] == "alice"


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("xats_tui.mcp_bridge.host.early", NEEDED_LATER),
        ("xats_tui.__main__", OTHER_COMMANDS | {"httpx2", "msgspec", "psutil", "pydantic"}),
        ("xats_tui.mcp_bridge.bridge", {"httpx2", "msgspec", "pydantic"}),
    ],
)
def test_a_bridge_imports_nothing_that_only_later_calls_or_other_commands_need(
    tmp_path: Path, module: str, unwanted: set[str]
) -> None:
    command = [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{IMPORTED.format(module=module)}"]
    done = subprocess.run(
        [*command, str(tmp_path)],
        env=clean_environment(),
        input="",
        capture_output=True,
        text=True,
        check=True,
    )

    imported = set(done.stderr.split())
    assert module in imported
    assert not unwanted & imported


class Pair:
    """`FirstAnswers` at pipes of its own."""

    def __init__(self, known: Known | None) -> None:
        self._stdin, self._host_writes = os.pipe()
        self._host_reads, stdout = os.pipe()
        stderr = os.dup(2)
        try:
            pipes = Pipes(self._stdin, stdout)
            self.first = FirstAnswers(pipes, channel=False, look=lambda: known, stdin=self._stdin)
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
        self._lines = os.fdopen(self._host_reads, "rb")

    def close(self) -> None:
        """Close the pipes, as a host does at its end."""
        os.close(self._host_writes)
        self.first.pipes.close()
        self._lines.close()

    def ask(self, method: str, params: Any = None) -> dict[str, Any]:
        """Send a request and return the answer."""
        self.say(method, params)
        answer: dict[str, Any] = json.loads(self._lines.readline())
        return answer

    def say(self, method: str, params: Any = None) -> None:
        """Send a request."""
        message = {"jsonrpc": "2.0", "id": 1, "method": method, **({"params": params} if params is not None else {})}
        os.write(self._host_writes, json.dumps(message).encode() + b"\n")


TOOLS = {"tools": [{"name": "echo"}]}


@pytest.fixture
def pairs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Known | None], Pair]]:
    """Make pairs that answer nothing only because it is overdue."""
    monkeypatch.setattr("xats_tui.mcp_bridge.host.first_answers.OVERDUE_S", 1e6)
    made: list[Pair] = []

    def make(known: Known | None) -> Pair:
        made.append(Pair(known))
        return made[-1]

    yield make
    for pair in made:
        pair.close()


def test_what_is_known_is_answered_at_once_and_only_the_handshake_is_left_to_the_bridge_too(
    pairs: Callable[[Known | None], Pair],
) -> None:
    pair = pairs(Known(runs=True, tools=TOOLS))
    assert pair.ask("initialize", {})["result"]["serverInfo"]["version"] == __version__
    assert pair.ask("tools/list")["result"] == TOOLS
    assert pair.first.has_shown_tools
    heard: list[bytes | None] = []
    pair.first.listen(heard.append)
    assert [json.loads(line or b"")["method"] for line in heard] == ["initialize"]
    assert not pair.first.settle()  # it has been answered
    assert pair.first.settle()  # a later one has not


def test_what_the_bridge_would_refuse_or_has_to_find_out_is_left_to_it(pairs: Callable[[Known | None], Pair]) -> None:
    known, unknown = pairs(Known(runs=True, tools=TOOLS)), pairs(None)
    known.say("initialize", {"clientInfo": "no object"})
    known.say("tools/list", {"cursor": "2"})
    known.say("server/discover", [])
    unknown.say("initialize", {})
    unknown.say("tools/list")
    left = ["initialize", "tools/list"]
    for pair, methods in ((known, [*left, "server/discover"]), (unknown, left)):
        assert pair.ask("server/discover")["error"]["code"] == -32601  # so the lines before have been looked at
        heard: list[bytes | None] = []
        pair.first.listen(heard.append)
        assert [json.loads(line or b"")["method"] for line in heard] == methods
        assert pair.first.settle()


RECORD = PidRecord(pid=os.getpid(), port=1, version=__version__, started_at="now")


@pytest.mark.parametrize(
    ("arguments", "environment", "version", "config", "is_known"),
    [
        ("mcp", {}, __version__, "", True),
        ("mcp --team t --role=r --channel", {"XATS_TEAM": "t", "XATS_LAUNCH": "1"}, __version__, "port = 7", True),
        ("mcp --name a", {}, __version__, "", False),
        ("mcp", {"XATS_NAME": "a"}, __version__, "", False),
        ("mcp", {"XATS_TOKEN": "secret"}, __version__, "", False),
        ("--port 9100 mcp --db=/x", {}, __version__, "", True),
        ("mcp", {"XATS_PORT": "9100"}, __version__, "", True),
        ("mcp --port " + "9" * 5000, {}, __version__, "", False),
        ("mcp --host 0.0.0.0", {}, __version__, "", False),
        ("mcp", {}, "0.0.1", "", False),
        ("mcp", {}, __version__, "token = 'x'", False),
        ("mcp", {}, __version__, "pid_file = '/elsewhere'", False),
    ],
)
def test_the_coordinator_is_known_only_in_the_plain_case(
    tmp_path: Path, arguments: str, environment: dict[str, str], version: str, config: str, is_known: bool
) -> None:
    (tmp_path / "config.toml").write_text(config)
    with pid_file.held(tmp_path / "daemon.pid") as holding:
        holding.write(PidRecord(pid=os.getpid(), port=1, version=version))
        found = look(["xats-tui", *arguments.split(), "--home", str(tmp_path)], environment)
    assert (found is not None) is is_known


def test_without_a_coordinator_the_one_that_will_be_started_is_known_unless_a_trace_of_another_is_there(
    tmp_path: Path,
) -> None:
    line = ["xats-tui", "mcp"]
    environment = {"XATS_HOME": str(tmp_path)}
    assert look(line, environment) == Known(runs=False, tools=None)
    assert look([*line, "--port", "9100"], environment) is None  # another one may listen there
    with pid_file.held(tmp_path / "daemon.pid"):
        assert look(line, environment) is None  # one is starting, and its version is not known
    pid_file.write(tmp_path / "daemon.pid", RECORD)
    assert look(line, environment) is None
    (tmp_path / "daemon.pid").unlink()
    (tmp_path / "config.toml").touch()
    assert look(line, environment) is None


def test_tools_are_kept_for_one_process_of_our_version(tmp_path: Path) -> None:
    path = tmp_path / "daemon.pid"
    kept_tools.keep(path, RECORD, TOOLS)
    file = tmp_path / "daemon.pid.tools"
    assert kept_tools.read(path, RECORD) == TOOLS
    assert file.stat().st_mode & 0o777 == 0o600
    assert kept_tools.read(path, PidRecord(pid=RECORD.pid, port=1, version=__version__, started_at="later")) is None
    for not_kept in (PidRecord(pid=2, port=1, version="0.0.1"), RECORD):
        kept_tools.keep(path, not_kept, {**TOOLS, "nextCursor": "2"} if not_kept is RECORD else TOOLS)
    assert kept_tools.read(path, RECORD) == TOOLS

    for damaged in ("", "{", "[]", '{"of": 1}', "[" * 10_000):
        file.write_text(damaged)
        assert kept_tools.read(path, RECORD) is None
    file.unlink()
    os.mkfifo(file)
    assert kept_tools.read(path, RECORD) is None
