"""`xats-tui launch`: the agent is registered in a pane of its own when it ends, or one sentence says why not."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.commands.processes import daemon, xats
from tests.conftest import PutTmux
from tests.launched import installed
from tests.tmux_server import TmuxServer, short_folder, tmux_server
from xats_tui.runtime import pid_file

pytestmark = pytest.mark.tmux


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of a coordinator that runs."""
    folder = tmp_path_factory.mktemp("home")
    with daemon(folder):
        yield folder


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH with stand-ins for the clients."""
    return f"{installed(tmp_path_factory.mktemp('bin'))}:{os.environ['PATH']}"


@pytest.fixture(scope="module")
def server() -> Iterator[TmuxServer]:
    """A tmux server for all of these tests."""
    with short_folder() as folder, tmux_server(folder) as running:
        yield running


class Launcher:
    """Runs the command as somebody does who sits outside tmux."""

    def __init__(self, home: Path, programs: str, server: TmuxServer, folder: Path) -> None:
        self.home = home
        self.server = server
        self.folder = folder
        self.environment = {"PATH": programs, "TMUX_TMPDIR": str(server.folder)}

    def __call__(self, client: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        where = ("--home", str(self.home), "--dir", str(self.folder))
        return xats("launch", client, *where, *arguments, **{**self.environment, **environment})

    def panes(self) -> set[str]:
        return set(self.server.run("list-panes", "-a", "-F", "#{pane_id}").split())

    def agents(self) -> dict[str, dict[str, str]]:
        listed = json.loads(xats("agents", "--json", "--home", str(self.home)).stdout)
        return {agent["name"]: agent for agent in listed}


@pytest.fixture
def launch(home: Path, programs: str, server: TmuxServer, tmp_path: Path) -> Launcher:
    return Launcher(home, programs, server, tmp_path)


@pytest.mark.parametrize("client", ["codex", pytest.param("claude-code", marks=pytest.mark.slow)])
def test_the_agent_is_registered_in_its_own_window_when_the_command_ends(launch: Launcher, client: str) -> None:
    run = launch(client, "--name", f"one-{client}", "--team", "shop", "--role", "qa", "--json")

    assert run.returncode == 0, run.stderr
    said = json.loads(run.stdout)
    agent = launch.agents()[f"one-{client}"]
    assert (agent["client"], agent["team"], agent["role"]) == (client, "shop", "qa")
    assert agent["tmux_pane_id"] == said["tmux_pane_id"]
    assert launch.server.formats(said["tmux_pane_id"], "window_name", "pane_current_path") == [
        f"one-{client}",
        str(launch.folder),
    ]


@pytest.mark.slow
def test_of_two_that_are_launched_at_once_each_is_bound_to_its_own_pane(launch: Launcher) -> None:
    with ThreadPoolExecutor() as both:
        names = ("left", "right")
        runs = list(both.map(lambda name: launch("codex", "--name", name, "--json"), names))
    agents = launch.agents()

    assert [run.returncode for run in runs] == [0, 0]
    panes = [json.loads(run.stdout)["tmux_pane_id"] for run in runs]
    assert [agents[name]["tmux_pane_id"] for name in names] == panes
    assert panes[0] != panes[1]


@pytest.mark.slow
def test_a_codex_that_registers_before_its_screen_is_there_is_bound_to_its_pane_all_the_same(launch: Launcher) -> None:
    run = launch("codex", "--name", "served", "--app-server", "--json")

    assert run.returncode == 0, run.stderr
    assert launch.agents()["served"]["tmux_pane_id"] == json.loads(run.stdout)["tmux_pane_id"]


@pytest.mark.slow
def test_a_name_that_lives_is_refused_and_nothing_is_opened(launch: Launcher) -> None:
    assert launch("claude-code", "--name", "twin").returncode == 0
    before = launch.panes()
    run = launch("codex", "--name", "twin")

    assert run.returncode == 1
    assert "is registered already, and alive" in run.stderr
    assert launch.panes() == before


@pytest.mark.slow
def test_an_agent_that_has_ended_can_be_launched_again(launch: Launcher) -> None:
    first = json.loads(launch("claude-code", "--name", "phoenix", "--json").stdout)
    launch.server.run("kill-pane", "-t", first["tmux_pane_id"])
    again = launch("claude-code", "--name", "phoenix", "--json")

    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["agent_id"] == first["agent_id"]


@pytest.mark.slow
def test_a_client_that_ends_is_told_with_what_its_pane_shows(launch: Launcher) -> None:
    run = launch("codex", "--name", "failing", "--", "--fail")

    assert run.returncode == 1
    assert "codex has ended; its pane shows “error: nobody is logged in”" in run.stderr
    assert "failing" not in launch.agents()


@pytest.mark.slow
def test_one_that_does_not_register_in_time_is_told_with_what_its_pane_shows(launch: Launcher) -> None:
    run = launch("claude-code", "--name", "silent", "--timeout", "1", "--", "--hang")

    assert run.returncode == 1
    assert "silent has not registered in 1 s; its pane shows “claude>”" in run.stderr


@pytest.mark.slow
def test_without_a_tmux_server_a_session_is_made_and_the_way_there_told(
    launch: Launcher, home: Path, tmp_path: Path
) -> None:
    with short_folder() as folder:
        socket = folder / "own.sock"
        try:
            run = launch("claude-code", "--name", "lonely", "--socket", str(socket))
            assert run.returncode == 0, run.stderr
            assert f"go there: tmux -S {socket} attach -t %0" in run.stdout
        finally:
            subprocess.run(["tmux", "-S", str(socket), "kill-server"], check=False, capture_output=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fails", "sentence"),
    [
        ("new-window", "no window could be opened: out of order"),
        ("respawn-pane", "codex could not be started: out of order"),
    ],
)
def test_a_tmux_that_fails_is_told_and_leaves_no_pane_behind(
    launch: Launcher, put_tmux: PutTmux, programs: str, fails: str, sentence: str
) -> None:
    before = launch.panes()
    put_tmux(f'case " $* " in *" {fails} "*) echo out of order >&2; exit 1;; esac\nexec $REAL "$@"')
    run = launch("codex", "--name", "unlucky", PATH=f"{os.environ['PATH'].partition(os.pathsep)[0]}:{programs}")

    assert (run.returncode, run.stderr.count("\n")) == (1, 1)
    assert sentence in run.stderr
    assert launch.panes() == before
    assert "unlucky" not in launch.agents()


@pytest.mark.slow
def test_in_a_pane_of_ones_own_it_takes_half_of_it_if_told_to(launch: Launcher) -> None:
    seat = launch.server.new_pane(["cat"])
    socket = launch.server.run("display-message", "-p", "#{socket_path}").strip()
    inside = {"TMUX": f"{socket},1,0", "TMUX_PANE": seat.pane_id}
    run = launch("claude-code", "--name", "beside", "--pane", "--json", **inside)

    assert run.returncode == 0, run.stderr
    pane = json.loads(run.stdout)["tmux_pane_id"]
    assert launch.agents()["beside"]["tmux_pane_id"] == pane
    windows = [launch.server.formats(one, "window_id") for one in (pane, seat.pane_id)]
    assert windows[0] == windows[1]


@pytest.mark.slow
def test_a_server_of_another_name_is_begun_and_the_coordinator_finds_its_pane(launch: Launcher) -> None:
    with short_folder() as folder:
        there = {"TMUX_TMPDIR": str(folder)}
        tmux = ["tmux", "-L", "other"]
        try:
            run = launch("codex", "--name", "afar", "-L", "other", "--json", **there)
            assert run.returncode == 0, run.stderr
            agent = launch.agents()["afar"]
            shown = subprocess.run(
                [*tmux, "list-panes", "-a", "-F", "#{pane_id}"], env=os.environ | there, capture_output=True, text=True
            )
            assert shown.stdout.split() == [agent["tmux_pane_id"]]
            poked = xats("poke", "afar", "hello there", "--json", "--home", str(launch.home))
            assert json.loads(poked.stdout)["seen_before"] == "codex>"  # it has no input line to type into
        finally:
            subprocess.run([*tmux, "kill-server"], env=os.environ | there, check=False, capture_output=True)


@pytest.mark.slow
def test_without_waiting_it_says_where_the_agent_starts(launch: Launcher) -> None:
    run = launch("claude-code", "--name", "soon", "--no-wait", "--json")

    assert run.returncode == 0, run.stderr
    said = json.loads(run.stdout)
    assert said["tmux_pane_id"] in launch.panes()
    assert said["agent_id"] is None


@pytest.mark.slow
def test_a_coordinator_is_started_if_none_runs(launch: Launcher, tmp_path: Path) -> None:
    launch.home = tmp_path / "fresh"
    try:
        run = launch("claude-code", "--name", "first", "--port", "0")
        assert run.returncode == 0, run.stderr
        assert launch.agents()["first"]["online"]
    finally:
        record = pid_file.read(launch.home / "daemon.pid")
        with suppress(ProcessLookupError):
            os.kill(record.pid if record else 0, signal.SIGKILL if record else 0)


@pytest.mark.slow
def test_what_would_be_run_is_shown_and_nothing_done(launch: Launcher) -> None:
    before = launch.panes()
    run = launch("opencode", "--name", "shown", "--dry-run", "--json", "--", "--model", "m")

    said = json.loads(run.stdout)
    assert Path(said["command"][0]).name == "opencode" and said["command"][-2:] == ["--model", "m"]
    assert list(said["environment"]) == ["OPENCODE_CONFIG_CONTENT"]
    assert launch.panes() == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(("--dir", "/nowhere/at/all"), "there is no folder /nowhere/at/all", marks=pytest.mark.slow),
        pytest.param(("--name", "operator"), "operator is the person at the dashboard", marks=pytest.mark.slow),
        pytest.param(("--token", "hush"), "the agent's bridge needs the token, too: write it", marks=pytest.mark.slow),
    ],
)
def test_what_cannot_be_is_told_in_one_sentence(launch: Launcher, arguments: tuple[str, ...], sentence: str) -> None:
    run = launch("codex", "--name", "x", *arguments)

    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (1, "", 1)
    assert sentence in run.stderr


@pytest.mark.slow
def test_a_client_that_is_not_installed_is_told_with_the_command_that_helps(launch: Launcher) -> None:
    run = launch("codex", "--name", "x", PATH="/usr/bin:/bin")

    assert run.returncode == 1
    assert "codex is not installed, or not on PATH: npm install -g @openai/codex" in run.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("vim", "--name", "x"), marks=pytest.mark.slow),
        ("codex",),
        pytest.param(("opencode", "--name", "x", "--app-server"), marks=pytest.mark.slow),
        pytest.param(("codex", "--name", "x", "-L", "a", "--socket", "b"), marks=pytest.mark.slow),
        pytest.param(("codex", "--name", "x", "--pane"), marks=pytest.mark.slow),
    ],
)
def test_a_wrong_command_line_ends_with_2(launch: Launcher, arguments: tuple[str, ...]) -> None:
    run = launch(*arguments)

    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("xats-tui: ")
