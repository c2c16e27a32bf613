"""Which pane an agent lives in, in real panes with stand-ins that are called like the real programs.

Through the tools, since what a caller gets to see is the point; the scores are those of the reference.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Connect, Sql
from tests.mcp_caller import Caller
from tests.tmux_server import Pane, TmuxServer

BASE = 13
"""A process that matches (10) in a pane that is active in its window (3)."""
CODEX_HINT, OPENCODE_HINT = 6, 6
CWD_EQUAL, CWD_BELOW, CWD_ABOVE, TTY_GIVEN, TITLE_GIVEN = 60, 45, 30, 100, 15

CLIENTS = {"codex": CODEX_HINT, "claude-code": 0, "opencode": OPENCODE_HINT}
"""What the current command adds to the score of each; Claude Code's shows a version, a stand-in cannot."""

SCRIPT = "import time; print('up', flush=True); time.sleep(60)"

ON_A_TERMINAL = "import os, sys; os.setsid(); os.open(sys.argv[1], os.O_RDWR); os.execv(sys.argv[2], sys.argv[2:])"
"""Makes the terminal that is named first one's own, and becomes the program that is named then."""

PROGRAM = {"codex": "codex", "claude-code": "claude", "opencode": "opencode"}


@pytest.fixture
async def caller(connect: Connect) -> Caller:
    """A client that has not registered."""
    return await connect()


def tty_of(tmux: TmuxServer, pane: Pane) -> str:
    """The terminal of a pane, without `/dev/`."""
    return tmux.formats(pane.pane_id, "pane_tty")[0].removeprefix("/dev/")


async def score(caller: Caller, **wanted: object) -> int:
    """The score of the one pane that is found."""
    answer = await caller.call("detect_tmux_pane", **wanted)
    value: int = answer["pane"]["score"]
    return value


# Finding


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
    tty = tty_of(tmux, pane)
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
    narrowed = await caller.call("detect_tmux_pane", agent="claude-code", tty=tty_of(tmux, panes[1]))
    assert narrowed["pane"]["pane_id"] == panes[1].pane_id


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


# Binding


async def test_a_pid_proves_the_pane(register: Connect, tmux: TmuxServer, sql: Sql) -> None:
    bob, pane = await register("bob"), await tmux.stand_in("bob", "claude")
    answer = await bob.call("bind_runtime_identity", agent="claude-code", ui_pid=pane.pid)

    assert answer == {
        "ok": True,
        "tmux_pane_id": pane.pane_id,
        "verification_mode": "verified_pid_tty_pane",
        "tty": tty_of(tmux, pane),
        "ui_pid": pane.pid,
    }
    assert sql("SELECT tmux_pane_id, runtime_ui_pid, runtime_tty, runtime_verification_mode, client FROM agents") == [
        (pane.pane_id, pane.pid, tty_of(tmux, pane), "verified_pid_tty_pane", "custom")
    ]
    (row,) = (await bob.call("list_agents"))["agents"]
    assert row["tmux_pane_id"] == pane.pane_id


async def test_a_tty_with_its_pane_is_weaker_evidence(register: Connect, tmux: TmuxServer, sql: Sql) -> None:
    bob, pane = await register("bob"), await tmux.stand_in("bob", "claude")
    tty = tty_of(tmux, pane)
    answer = await bob.call(
        "bind_runtime_identity", agent="claude-code", ui_tty=f"/dev/{tty}", tmux_pane_id=pane.pane_id
    )

    assert answer == {
        "ok": True,
        "tmux_pane_id": pane.pane_id,
        "verification_mode": "verified_tty_pane",
        "tty": tty,
    }
    assert sql("SELECT runtime_ui_pid FROM agents") == [(pane.pid,)], "W-46: the process is kept"


async def refusal(caller: Caller, **arguments: object) -> dict[str, object]:
    """What a binding is refused with."""
    return await caller.call("bind_runtime_identity", **{"agent": "claude-code"} | arguments)


async def test_a_pid_that_proves_nothing_is_refused_with_the_reason(register: Connect, tmux: TmuxServer) -> None:
    bob, pane = await register("bob"), await tmux.stand_in("bob", "claude")
    other = await tmux.stand_in("other", "claude")
    gone = subprocess.Popen(["true"])
    gone.wait()

    assert await refusal(bob, ui_pid=gone.pid) == {"error": "pid_not_found"}
    assert await refusal(bob, ui_pid=pane.pid, agent="codex") == {"error": "agent_process_mismatch"}
    assert await refusal(bob, ui_pid=pane.pid, tmux_pane_id=other.pane_id) == {
        "error": "pid_pane_tty_mismatch",
        "detail": {"pid_tty": tty_of(tmux, pane), "pane_tty": tty_of(tmux, other)},
    }


async def test_a_process_outside_tmux_has_no_pane(register: Connect, tmux: TmuxServer) -> None:
    bob, claude = await register("bob"), [tmux.called("claude"), "-c", "input()"]
    master, slave = os.openpty()
    with_terminal = [sys.executable, "-c", ON_A_TERMINAL, os.ttyname(slave), *claude]
    detached = subprocess.Popen(claude, stdin=subprocess.PIPE, start_new_session=True)
    elsewhere = subprocess.Popen(with_terminal, stdin=subprocess.PIPE)
    try:
        assert await refusal(bob, ui_pid=detached.pid) == {"error": "pid_has_no_tty"}
        await tmux.wait_until(lambda: Path(f"/proc/{elsewhere.pid}/cmdline").read_text().startswith(claude[0]))
        assert await refusal(bob, ui_pid=elsewhere.pid) == {"error": "tmux_pane_not_found"}
    finally:
        for process in (detached, elsewhere):
            process.kill()
            process.communicate()
        os.close(master)
        os.close(slave)


async def test_a_tty_that_proves_nothing_is_refused_with_the_reason(register: Connect, tmux: TmuxServer) -> None:
    bob, pane = await register("bob"), await tmux.stand_in("bob", "claude")
    other = await tmux.stand_in("other")
    tty, other_tty = tty_of(tmux, pane), tty_of(tmux, other)

    assert await refusal(bob, ui_tty="?", tmux_pane_id=pane.pane_id) == {"error": "invalid_runtime_identity"}
    assert await refusal(bob, ui_tty=tty, tmux_pane_id="%999") == {"error": "tmux_pane_not_found"}
    assert await refusal(bob, ui_tty=tty, tmux_pane_id=other.pane_id) == {
        "error": "pid_pane_tty_mismatch",
        "detail": {"pid_tty": tty, "pane_tty": other_tty},
    }
    assert await refusal(bob, ui_tty=other_tty, tmux_pane_id=other.pane_id) == {"error": "tty_maps_to_no_agent_process"}


async def test_what_was_left_out_is_named(register: Connect) -> None:
    bob = await register("bob")
    nothing = await bob.call("bind_runtime_identity", agent="custom")
    only_half = await bob.call("bind_runtime_identity", agent="codex", ui_tty="pts/1")
    bad = await bob.call("bind_runtime_identity", agent="custom", ui_pid=1, process_pattern="(")

    assert nothing["error"] == "invalid_arguments"
    assert "process_pattern" in nothing["detail"] and "ui_pid" in nothing["detail"] and "; " in nothing["detail"]
    assert only_half["error"] == "invalid_arguments"
    assert bad["error"] in ("tmux_unavailable", "invalid_process_pattern")


async def test_a_pattern_that_is_none_is_refused_with_what_is_wrong(register: Connect, tmux: TmuxServer) -> None:
    bob, pane = await register("bob"), await tmux.stand_in("bob")
    answer = await bob.call("bind_runtime_identity", agent="custom", ui_pid=pane.pid, process_pattern="(")

    assert answer["error"] == "invalid_process_pattern"
    assert "process_pattern" in answer["detail"]


async def test_arguments_are_checked_before_the_registration(caller: Caller) -> None:
    assert (await refusal(caller))["error"] == "invalid_arguments"
    assert await refusal(caller, ui_pid=1) == {"error": "unknown_agent"}


async def test_w42_a_pane_belongs_to_one_agent_and_the_newest_binding_takes_it(
    register: Connect, tmux: TmuxServer, sql: Sql
) -> None:
    pane = await tmux.stand_in("bob", "claude")
    for name in ("bob", "thief"):
        agent = await register(name)
        await agent.call("bind_runtime_identity", agent="claude-code", ui_pid=pane.pid)

    assert sql("SELECT name, tmux_pane_id FROM agents ORDER BY name") == [("bob", None), ("thief", pane.pane_id)]


# Registering with a pid


async def test_a_registration_with_its_pid_binds_the_pane_and_needs_no_hint(
    connect: Connect, tmux: TmuxServer, sql: Sql
) -> None:
    pane = await tmux.stand_in("bob", "claude")
    answer = await (await connect()).register("bob", client="claude-code", ui_pid=pane.pid)

    assert answer.keys() == {"agent_id", "team"}
    assert sql("SELECT tmux_pane_id, runtime_ui_pid FROM agents") == [(pane.pane_id, pane.pid)]
    again = await (await connect()).register("bob", client="claude-code")
    assert again.keys() == {"agent_id", "team"}, "the pane is kept"


async def test_a_registration_as_the_wrong_program_is_refused_and_writes_nothing(
    connect: Connect, tmux: TmuxServer, sql: Sql
) -> None:
    pane = await tmux.stand_in("bob", "claude")
    answer = await (await connect()).register("bob", client="codex", ui_pid=pane.pid)

    assert answer["error"] == "ui_pid_client_mismatch"
    assert str(pane.pid) in answer["detail"]
    assert sql("SELECT count(*) FROM agents") == [(0,)]


async def test_w42_a_registration_without_evidence_binds_no_pane(connect: Connect, tmux: TmuxServer, sql: Sql) -> None:
    await tmux.stand_in("somebody", "claude")
    answer = await (await connect()).register("bob", client="claude-code")

    assert "hint" in answer
    assert sql("SELECT tmux_pane_id FROM agents") == [(None,)]


async def test_a_pid_that_cannot_be_placed_does_not_keep_an_agent_from_registering(connect: Connect, sql: Sql) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    answer = await (await connect()).register("bob", client="claude-code", ui_pid=gone.pid)

    assert "hint" in answer
    assert sql("SELECT tmux_pane_id FROM agents") == [(None,)]
