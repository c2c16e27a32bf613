"""Proof that an agent lives in a pane: pid, tty and pane, with real processes in real panes."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import Connect, Sql
from tests.mcp_caller import Caller
from tests.tmux_server import TmuxServer

ON_A_TERMINAL = "import os, sys; os.setsid(); os.open(sys.argv[1], os.O_RDWR); os.execv(sys.argv[2], sys.argv[2:])"
"""Makes the terminal that is named first one's own, and becomes the program that is named then."""


async def test_a_pid_proves_the_pane(register: Connect, tmux: TmuxServer, sql: Sql) -> None:
    bob, pane = await register("bob"), await tmux.stand_in("bob", "claude")
    answer = await bob.call("bind_runtime_identity", agent="claude-code", ui_pid=pane.pid)

    assert answer == {
        "ok": True,
        "tmux_pane_id": pane.pane_id,
        "verification_mode": "verified_pid_tty_pane",
        "tty": tmux.tty(pane.pane_id),
        "ui_pid": pane.pid,
    }
    assert sql("SELECT tmux_pane_id, runtime_ui_pid, runtime_tty, runtime_verification_mode, client FROM agents") == [
        (pane.pane_id, pane.pid, tmux.tty(pane.pane_id), "verified_pid_tty_pane", "claude-code")
    ]
    (row,) = (await bob.call("list_agents"))["agents"]
    assert row["tmux_pane_id"] == pane.pane_id


async def test_w46_a_tty_with_its_pane_is_weaker_evidence_and_keeps_the_process(
    register: Connect, tmux: TmuxServer, sql: Sql
) -> None:
    bob, pane = await register("bob"), await tmux.stand_in("bob", "claude")
    tty = tmux.tty(pane.pane_id)
    answer = await bob.call(
        "bind_runtime_identity", agent="claude-code", ui_tty=f"/dev/{tty}", tmux_pane_id=pane.pane_id
    )

    assert answer == {
        "ok": True,
        "tmux_pane_id": pane.pane_id,
        "verification_mode": "verified_tty_pane",
        "tty": tty,
    }
    assert sql("SELECT runtime_ui_pid FROM agents") == [(pane.pid,)]


async def refusal(caller: Caller, **arguments: object) -> dict[str, object]:
    """Try to bind and return the refusal."""
    return await caller.call("bind_runtime_identity", **{"agent": "claude-code"} | arguments)


async def test_a_pid_that_proves_nothing_is_refused_with_the_reason(register: Connect, tmux: TmuxServer) -> None:
    bob, pane = await register("bob"), await tmux.stand_in("bob", "claude")
    other = await tmux.stand_in("other", "claude")
    gone = subprocess.Popen(["true"])
    gone.wait()

    nobody = await refusal(bob, ui_pid=gone.pid)
    assert (nobody["error"], str(gone.pid) in str(nobody["detail"])) == ("pid_not_found", True)
    assert await refusal(bob, ui_pid=pane.pid, agent="codex") == {
        "error": "agent_process_mismatch",
        "detail": f"process {pane.pid} runs claude, which is claude-code: pass client claude-code, or pass the pid of "
        "the codex that you run in",
    }
    assert await refusal(bob, ui_pid=pane.pid, tmux_pane_id=other.pane_id) == {
        "error": "pid_pane_tty_mismatch",
        "detail": {"pid_tty": tmux.tty(pane.pane_id), "pane_tty": tmux.tty(other.pane_id)},
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
    tty, other_tty = tmux.tty(pane.pane_id), tmux.tty(other.pane_id)

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


async def test_a_registration_with_its_pid_binds_the_pane_and_needs_no_hint(
    connect: Connect, tmux: TmuxServer, sql: Sql
) -> None:
    pane = await tmux.stand_in("bob", "claude")
    answer = await (await connect()).register("bob", client="claude-code", ui_pid=pane.pid)

    assert answer.keys() == {"agent_id", "team", "bound"}
    assert answer["bound"] == {"tmux_pane_id": pane.pane_id, "evidence": "verified_pid_tty_pane"}
    assert sql("SELECT tmux_pane_id, runtime_ui_pid FROM agents") == [(pane.pane_id, pane.pid)]
    again = await (await connect()).register("bob", client="claude-code")
    assert again.keys() == {"agent_id", "team"}, "the pane is kept"


async def test_a_registration_as_the_wrong_program_is_refused_and_writes_nothing(
    connect: Connect, tmux: TmuxServer, sql: Sql
) -> None:
    pane = await tmux.stand_in("bob", "claude")
    answer = await (await connect()).register("bob", client="codex", ui_pid=pane.pid)

    assert answer["error"] == "ui_pid_client_mismatch"
    assert str(pane.pid) in answer["detail"] and "which is claude-code" in answer["detail"]
    assert sql("SELECT count(*) FROM agents") == [(0,)]


async def test_the_wrong_program_is_noticed_without_tmux_too(connect: Connect) -> None:
    answer = await (await connect()).register("bob", client="opencode", ui_pid=os.getpid())

    assert answer["error"] == "ui_pid_client_mismatch"


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
