"""Detection of an agent's pane, in real panes with stand-ins named like the real programs.

Through the tools, since what a caller gets to see is the point; the scores are those of the reference.
"""

import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import pytest

from tests.conftest import Connect
from tests.fakes import FakeProcesses
from tests.mcp_caller import Caller
from tests.tmux_server import TmuxServer
from xats_tui.backend.services.agents.pane_candidates import PaneQuery
from xats_tui.backend.services.agents.runtime_identity import RuntimeIdentity
from xats_tui.backend.system.processes import Process, Processes, Route
from xats_tui.backend.system.tmux import Tmux
from xats_tui.backend.system.tmux_looks import Looks
from xats_tui.core.clock import SystemClock
from xats_tui.core.errors import Refusal
from xats_tui.core.records import replace

BASE = 13
"""A process that matches (10) in a pane that is active in its window (3)."""
CODEX_HINT, OPENCODE_HINT = 6, 6
CWD_EQUAL, CWD_BELOW, CWD_ABOVE, TTY_GIVEN, TITLE_GIVEN = 60, 45, 30, 100, 15

CLIENTS = {"codex": CODEX_HINT, "claude-code": 0, "opencode": OPENCODE_HINT}
"""Score that the current command adds for each client; Claude Code's shows a version, a stand-in cannot."""

SCRIPT = "import time; print('up', flush=True); time.sleep(60)"

PROGRAM = {"codex": "codex", "claude-code": "claude", "opencode": "opencode"}


async def score(caller: Caller, **wanted: object) -> int:
    """The score of the one pane that is found."""
    answer = await caller.call("detect_tmux_pane", **wanted)
    value: int = answer["pane"]["score"]
    return value


@pytest.mark.parametrize("client", CLIENTS)
async def test_the_pane_of_each_client_is_found_by_its_process(caller: Caller, tmux: TmuxServer, client: str) -> None:
    panes = {name: await tmux.stand_in(name, program) for name, program in PROGRAM.items()}
    answer = await caller.call("detect_tmux_pane", agent=client)

    assert answer["ok"] is True
    assert answer["pane"]["pane_id"] == panes[client].pane_id
    assert answer["pane"]["score"] == BASE + CLIENTS[client]
    assert answer["candidates"] == [answer["pane"]]
    assert answer["pane"].keys() == {
        "pane_id",
        "session_name",
        "window_index",
        "pane_index",
        "active",
        "tty",
        "current_path",
        "current_command",
        "title",
        "matched_processes",
        "score",
    }


async def test_filters_add_to_the_score_of_what_passes_them(caller: Caller, tmux: TmuxServer, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    (folder / "src").mkdir(parents=True)
    pane = tmux.new_pane("exec -a codex sleep 60", cwd=folder)
    tmux.run("select-pane", "-t", pane.pane_id, "-T", "Refactor the Parser")
    await tmux.wait_until(lambda: "Refactor" in tmux.formats(pane.pane_id, "pane_title")[0])
    tty = tmux.tty(pane.pane_id)
    plain = await score(caller, agent="codex")

    assert await score(caller, agent="codex", cwd=str(folder)) == plain + CWD_EQUAL
    assert await score(caller, agent="codex", cwd=str(tmp_path)) == plain + CWD_BELOW
    assert await score(caller, agent="codex", cwd=str(folder / "src")) == plain + CWD_ABOVE
    assert await score(caller, agent="codex", tty=f"/dev/{tty}") == plain + TTY_GIVEN
    assert await score(caller, agent="codex", title_contains="parser") == plain + TITLE_GIVEN
    assert await score(caller, agent="codex", title_contains="  ") == plain


async def test_what_passes_no_filter_is_not_found(caller: Caller, tmux: TmuxServer) -> None:
    await tmux.stand_in("bob", "codex")

    for wanted in ({"cwd": "/nowhere"}, {"tty": "pts/999"}, {"title_contains": "no such title"}):
        answer = await caller.call("detect_tmux_pane", agent="codex", **wanted)
        assert answer == {"error": "not_found", "candidates": []}, wanted


async def test_two_panes_of_one_score_are_ambiguous(caller: Caller, tmux: TmuxServer) -> None:
    panes = [await tmux.stand_in(name, "claude") for name in ("one", "two")]
    answer = await caller.call("detect_tmux_pane", agent="claude-code")

    assert answer["error"] == "ambiguous_match"
    assert [candidate["pane_id"] for candidate in answer["candidates"]] == sorted(pane.pane_id for pane in panes)
    narrowed = await caller.call("detect_tmux_pane", agent="claude-code", tty=tmux.tty(panes[1].pane_id))
    assert narrowed["pane"]["pane_id"] == panes[1].pane_id


class Haunted(Tmux):
    """A tmux that keeps, beside each pane, a dead one which had the same terminal before."""

    async def look(self, socket: str, pane_ids: Sequence[str]) -> Looks:
        """The living and the dead."""
        looks = await super().look(socket, pane_ids)
        dead = ({**pane, "pane_id": f"{pane['pane_id']}999", "pane_dead": 1} for pane in looks.panes.values())
        return replace(looks, panes={pane["pane_id"]: pane for pane in (*dead, *looks.panes.values())})


async def test_a_pane_that_is_kept_dead_is_nobodys(tmux: TmuxServer) -> None:
    identity = RuntimeIdentity(Haunted(SystemClock()), Processes(), SystemClock())
    pane = await tmux.stand_in("bob", "codex")
    tty = tmux.tty(pane.pane_id)

    (found,) = await identity.detect(PaneQuery(client="codex"))
    bound = await identity.by_pid("codex", pane.pid)
    with pytest.raises(Refusal, match="tmux_pane_not_found"):
        await identity.by_tty("codex", tty, f"{pane.pane_id}999")

    assert found.pane_id == bound.pane.pane_id == pane.pane_id
    assert (await identity.by_tty("codex", tty, pane.pane_id)).pane == bound.pane


@pytest.mark.slow
async def test_a_pane_that_is_kept_dead_does_not_stand_in_the_way_of_the_one_that_got_its_terminal(
    register: Connect, tmux: TmuxServer
) -> None:
    dead = tmux.new_pane(["cat"])
    tty = tmux.tty(dead.pane_id)
    tmux.run("set-option", "-p", "-t", dead.pane_id, "remain-on-exit", "on")
    tmux.send(dead.pane_id, "C-d")
    await tmux.wait_until(lambda: tmux.formats(dead.pane_id, "pane_dead") == ["1"])
    pane = await tmux.stand_in("bob", "codex")
    if tmux.tty(pane.pane_id) != tty:
        pytest.skip("the terminal went to somebody else")
    bob = await register("bob")

    found = await bob.call("detect_tmux_pane", agent="codex")
    bound = await bob.call("bind_runtime_identity", agent="codex", ui_pid=pane.pid)

    assert (found["pane"]["pane_id"], bound.get("tmux_pane_id")) == (pane.pane_id, pane.pane_id), (found, bound)


async def test_a_custom_agent_is_found_by_the_callers_pattern(caller: Caller, tmux: TmuxServer) -> None:
    pane = await tmux.stand_in("bob")
    found = await caller.call("detect_tmux_pane", agent="custom", process_pattern=r"stand_in\.py bob$")

    assert found["pane"]["pane_id"] == pane.pane_id
    assert (await caller.call("detect_tmux_pane", agent="custom", process_pattern="("))["error"] == "not_found"
    assert (await caller.call("detect_tmux_pane", agent="custom"))["error"] == "invalid_arguments"
    assert (await caller.call("detect_tmux_pane", agent="custom", process_pattern=" "))["error"] == "invalid_arguments"


async def test_w37_a_word_among_the_arguments_is_no_program(caller: Caller, tmux: TmuxServer, tmp_path: Path) -> None:
    for word in PROGRAM.values():
        (tmp_path / word).write_text("")
        tmux.new_pane(["tail", "-f", str(tmp_path / word)])
        tmux.new_pane(["bash", "-c", f"read line # {word}"])

    for client in CLIENTS:
        assert (await caller.call("detect_tmux_pane", agent=client))["error"] == "not_found", client


@pytest.mark.parametrize("line", ["exec -a codex sleep 61", "exec -a /opt/codex/bin/codex sleep 61"])
async def test_a_program_is_known_by_the_name_it_runs_under(caller: Caller, tmux: TmuxServer, line: str) -> None:
    pane = tmux.new_pane(["bash", "-c", line])
    await tmux.wait_until(lambda: tmux.formats(pane.pane_id, "pane_current_command")[0] in ("sleep", "codex"))

    assert (await caller.call("detect_tmux_pane", agent="codex"))["pane"]["pane_id"] == pane.pane_id


async def test_a_script_is_known_by_its_own_name(caller: Caller, tmux: TmuxServer, tmp_path: Path) -> None:
    script = tmp_path / "claude"
    script.write_text(SCRIPT)
    pane = tmux.new_pane([sys.executable, str(script)])
    await tmux.wait_for(pane.pane_id, "up")

    assert (await caller.call("detect_tmux_pane", agent="claude-code"))["pane"]["pane_id"] == pane.pane_id


async def test_an_app_server_is_no_user_interface(caller: Caller, tmux: TmuxServer, tmp_path: Path) -> None:
    (tmp_path / "app-server").write_text(SCRIPT)
    helper = tmux.new_pane([tmux.called("codex"), "app-server"], cwd=tmp_path)
    await tmux.wait_for(helper.pane_id, "up")

    assert (await caller.call("detect_tmux_pane", agent="codex"))["error"] == "not_found"


async def test_no_command_line_is_shown_to_whoever_asks(caller: Caller, tmux: TmuxServer) -> None:
    await tmux.stand_in("secret-argument", "codex")
    (shown,) = (await caller.call("detect_tmux_pane", agent="codex"))["pane"]["matched_processes"]

    assert shown.endswith(" codex")
    assert "secret-argument" not in shown


async def test_without_a_tmux_server_there_is_nothing_to_look_at(caller: Caller) -> None:
    answer = await caller.call("detect_tmux_pane", agent="codex")

    assert answer["error"] == "tmux_unavailable"
    assert answer["detail"]


class Windows(FakeProcesses):
    """Processes of Cline in terminals, each with its folder."""

    def __init__(self, *windows: tuple[int, str, str]) -> None:
        """Set pid, terminal and folder of each."""
        super().__init__()
        self._folders = {pid: folder for pid, _, folder in windows}
        self._all = tuple(
            Process(pid=pid, started_at=float(pid), name="cline", command=("cline",), tty=tty)
            for pid, tty, _ in windows
        )

    async def all(self) -> tuple[Process, ...]:
        """All of them."""
        return self._all

    async def by_pid(self, pid: int) -> Process | None:
        """One of them."""
        return next((one for one in self._all if one.pid == pid), None)

    async def routes(self, pid: int) -> tuple[Route, ...]:
        """Its own terminal."""
        return tuple(Route(tty=one.tty or "", in_front=True) for one in self._all if one.pid == pid)

    async def working_in(self, folder: str, pids: Collection[int]) -> frozenset[int]:
        """Those in that folder."""
        return frozenset(pid for pid in pids if folder == self._folders[pid])


class Panes(Tmux):
    """Panes by their terminals: `pts/1` is `%1`."""

    async def panes(self, socket: str) -> dict[str, dict[str, object]]:
        """Three of them."""
        return {f"%{n}": {"pane_id": f"%{n}", "pane_tty": f"/dev/pts/{n}", "pane_dead": 0} for n in (1, 2, 3)}


BEGAN = 50.0
"""Start of the bridge; a window starts at the second that is its pid."""
SHOP, TILL = (10, "pts/1", "/work/shop"), (20, "pts/2", "/work/till")


@pytest.mark.parametrize(
    ("windows", "folder", "pane"),
    [
        ([SHOP, TILL], "/work/till", "%2"),
        ([SHOP, (11, "pts/1", "/work/shop")], "/work/shop", "%1"),
    ],
    ids=["the only one in its folder", "one with a wrapper"],
)
async def test_the_only_window_of_a_client_is_its_pane(
    windows: list[tuple[int, str, str]], folder: str, pane: str
) -> None:
    identity = RuntimeIdentity(Panes(SystemClock()), Windows(*windows), SystemClock())

    binding = await identity.by_window("cline", folder, BEGAN)

    assert (binding.pane.pane_id, binding.proved) == (pane, False)


@pytest.mark.parametrize(
    ("windows", "folder", "said"),
    [
        ([SHOP], None, "register again with project_dir"),
        ([SHOP], "/work/till", "no window of Cline"),
        ([(60, "pts/1", "/work/shop")], "/work/shop", "no window of Cline that is older than you"),
        ([SHOP, (30, "pts/3", "/work/shop")], "/work/shop", "2 windows of Cline work in /work/shop (processes 10, 30)"),
        ([SHOP, (30, "pts/9", "/work/shop")], "/work/shop", "2 windows of Cline work in /work/shop (processes 10, 30)"),
    ],
    ids=["folder not known", "none there", "a later one", "two there", "one of two outside tmux"],
)
async def test_where_several_windows_come_into_question_none_is_taken(
    windows: list[tuple[int, str, str]], folder: str | None, said: str
) -> None:
    identity = RuntimeIdentity(Panes(SystemClock()), Windows(*windows), SystemClock())

    with pytest.raises(Refusal, match="no_single_window") as refused:
        await identity.by_window("cline", folder, BEGAN)

    assert said in str(refused.value.fields["detail"])
    assert "agent custom, process_pattern cline" in str(refused.value.fields["detail"])
