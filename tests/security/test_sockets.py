"""tmux sockets that callers name: only a tmux of this user is spoken with, and what is no tmux orders nothing."""

import asyncio
import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from tests.backend.services.wakes.waking import bind, hints, until
from tests.conftest import Connect, Sql
from tests.fakes import FakeClock
from tests.mcp_caller import Caller
from tests.patience import PATIENCE
from tests.stand_ins.hostile_sockets import Ordering, listening
from tests.tmux_server import TmuxServer, short_folder, tmux_server
from xats_tui.backend.system import tmux as backend_tmux
from xats_tui.backend.system import tmux_sockets
from xats_tui.backend.system.tmux import Tmux
from xats_tui.backend.system.tmux_sockets import TmuxSockets, UntrustedSocket, server_name
from xats_tui.backend.transports import json_rpc, websocket
from xats_tui.backend.transports.json_rpc import ServerUnreachable, connected
from xats_tui.core.errors import TmuxUnavailable
from xats_tui.core.model.panes import PaneRef

pytestmark = pytest.mark.tmux


@pytest.fixture
def order(tmux: TmuxServer) -> Ordering:
    """A server that orders its clients to run something; `order.trace` exists if one does."""
    return Ordering(tmux.folder)


@contextmanager
def sleeping(tmux: str) -> Iterator[None]:
    """A process of this user that has this in its TMUX."""
    process = subprocess.Popen(["sleep", "1000"], env={**os.environ, "TMUX": tmux})
    try:
        yield
    finally:
        process.kill()
        process.wait()


def own_folder(tmux: TmuxServer) -> Path:
    return Path(tmux.socket).parent


def outside(tmux: TmuxServer) -> Path:
    return tmux.folder / "evil"


def inside(tmux: TmuxServer) -> Path:
    return own_folder(tmux) / "evil"


@pytest.mark.parametrize("place", [outside, inside])
async def test_what_is_no_tmux_orders_nothing_wherever_it_lies_and_whoever_names_it(
    place: Callable[[TmuxServer], Path], tmux: TmuxServer, order: Ordering
) -> None:
    evil = place(tmux)
    link = own_folder(tmux) / "link"
    link.symlink_to(evil)
    client = Tmux(FakeClock())
    with listening(evil, order), sleeping(f"{evil},1,0"), sleeping(f"{link},1,0"):
        for named in (evil, link, f"{evil.parent}/../{evil.parent.name}/{evil.name}"):
            with pytest.raises(UntrustedSocket):
                await client.panes(server_name(str(named)))
            with pytest.raises(UntrustedSocket):
                await client.press(PaneRef(str(named), "%0"), "Enter", occupant=1)

    assert not order.trace.exists()


async def test_a_socket_that_is_replaced_between_check_and_use_orders_nothing(
    tmux: TmuxServer, order: Ordering
) -> None:
    good, evil, kept = own_folder(tmux) / "swapped", own_folder(tmux) / "evil", own_folder(tmux) / "good"
    with tmux_server_at(good), listening(evil, order):
        kept.hardlink_to(good)
        over = threading.Event()

        def swap() -> None:
            spare = own_folder(tmux) / "spare"
            while not over.is_set():
                for one in (evil, kept):
                    spare.hardlink_to(one)
                    spare.replace(good)
                    spare.unlink(missing_ok=True)  # two names of one socket: nothing was replaced

        swapping = threading.Thread(target=swap)
        swapping.start()
        client, seen = Tmux(FakeClock()), 0
        try:
            for _ in range(60):
                try:
                    seen += bool(await client.panes(str(good)))
                except UntrustedSocket:
                    continue
        finally:
            over.set()
            swapping.join()

    assert seen
    assert not order.trace.exists()


@contextmanager
def tmux_server_at(path: Path) -> Iterator[None]:
    """A tmux server with a socket of that path."""
    command = ["tmux", "-S", str(path), "-f", "/dev/null"]
    # What runs there has the server in its environment from when it says so.
    subprocess.run([*command, "new-session", "-d", f"echo > {path}.up; exec cat"], check=True)
    while not path.with_name(f"{path.name}.up").exists():
        time.sleep(0.01)
    pid = int(subprocess.run([*command, "display-message", "-p", "#{pid}"], capture_output=True, check=True).stdout)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)


async def test_pipes_files_and_folders_in_place_of_a_socket_are_told_and_not_waited_for(tmux: TmuxServer) -> None:
    pipe, file, folder = (own_folder(tmux) / name for name in ("pipe", "file", "folder"))
    os.mkfifo(pipe)
    file.touch()
    folder.mkdir()
    for path in (pipe, file, folder):
        with pytest.raises(UntrustedSocket, match="is not a socket"):
            await Tmux(FakeClock()).panes(str(path))
    for odd in (f"{folder.parent}/", f"{folder.parent}/a\ud800", f"{folder.parent}/{'x' * 4000}", "/", "/dev/null"):
        with pytest.raises(TmuxUnavailable):
            await Tmux(FakeClock()).panes(odd)


async def test_a_socket_elsewhere_is_used_while_a_process_in_that_tmux_lives(tmux: TmuxServer) -> None:
    with short_folder() as folder:
        away = folder / "server"
        with tmux_server_at(away):
            assert await Tmux(FakeClock()).panes(str(away))
            link = folder / "link"
            link.symlink_to(away)
            with pytest.raises(UntrustedSocket, match="not one of your tmux sockets"):
                await Tmux(FakeClock()).panes(str(link))


async def test_a_folder_of_sockets_that_others_may_write_to_is_not_trusted(tmux: TmuxServer) -> None:
    own_folder(tmux).chmod(0o777)
    with pytest.raises(UntrustedSocket, match="chmod 700"):
        await Tmux(FakeClock()).panes("")
    own_folder(tmux).chmod(0o700)
    assert await Tmux(FakeClock()).panes("")


def test_a_tmux_that_was_upgraded_under_its_server_is_still_a_tmux(tmux: TmuxServer) -> None:
    """The program of the server's process is gone, another one lies at its path."""
    folder = tmux.folder / "bin"
    folder.mkdir()
    program = folder / "tmux"
    program.write_bytes(Path(psutil.Process(int(tmux.run("display-message", "-p", "#{pid}"))).exe()).read_bytes())
    program.chmod(0o700)
    path = own_folder(tmux) / "older"
    subprocess.run([str(program), "-S", str(path), "-f", "/dev/null", "new-session", "-d", "cat"], check=True)
    try:
        with (
            pytest.raises(UntrustedSocket, match="not a tmux on the coordinator's PATH"),
            TmuxSockets().checked(str(path)),
        ):
            pass
        upgraded = TmuxSockets({**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"})
        with upgraded.checked(str(path)):
            pass
        newer = folder / "newer"
        newer.write_bytes(b"")
        newer.chmod(0o700)
        newer.replace(program)
        with upgraded.checked(str(path)):
            pass
    finally:
        subprocess.run(["tmux", "-S", str(path), "kill-server"], check=True)


@asynccontextmanager
async def stopped(server: TmuxServer) -> AsyncIterator[None]:
    """A tmux server that is there and does nothing."""
    pid = int(server.run("display-message", "-p", "#{pid}"))
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_a_server_that_does_not_answer_delays_nobody_at_another(tmux: TmuxServer) -> None:
    client = Tmux(FakeClock())
    with short_folder() as folder, tmux_server(folder) as hung:
        async with stopped(hung):
            waiting = [asyncio.create_task(client.panes(hung.socket)) for _ in range(20)]
            await asyncio.sleep(0)
            for _ in range(3):
                assert await client.panes("")
            assert not any(one.done() for one in waiting)
            answers = await asyncio.gather(*waiting, return_exceptions=True)

    assert all(isinstance(answer, TmuxUnavailable) for answer in answers)


async def test_many_sockets_that_are_named_at_once_cost_two_looks_at_all_processes(
    tmux: TmuxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, count = Tmux(FakeClock()), 12
    times, all_wait, looks = itertools.count(1), threading.Event(), 0

    def monotonic() -> float:
        if next(times) == count + 1:  # each asks once when it comes, and the first again when it looks
            all_wait.set()
        return time.monotonic()

    def look() -> Iterator[tuple[str, psutil.Process]]:
        nonlocal looks
        looks += 1
        assert all_wait.wait(PATIENCE)
        return iter(())

    monkeypatch.setattr(backend_tmux, "LOOK_TIMEOUT_S", PATIENCE)
    monkeypatch.setattr(tmux_sockets, "time", SimpleNamespace(monotonic=monotonic))
    monkeypatch.setattr(tmux_sockets, "_named_sockets", look)
    with ExitStack() as stack:
        for number in range(count):
            stack.enter_context(listening(tmux.folder / f"own{number}", lambda _: None))
        checks = [client.check(str(tmux.folder / f"own{number}")) for number in range(count)]
        answers = await asyncio.gather(*checks, return_exceptions=True)

    assert all(isinstance(answer, UntrustedSocket) for answer in answers)
    assert looks == 2


async def test_a_socket_that_is_slow_to_be_connected_to_leaves_less_time_for_the_handshake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left: list[float] = []

    async def slow(path: str, limit: float) -> socket.socket:
        await asyncio.sleep(limit / 2)
        return socket.socket(socket.AF_UNIX)

    async def shake_hands(target: str, *, sock: socket.socket, open_timeout: float, **_: object) -> None:
        sock.close()
        left.append(open_timeout)
        raise ConnectionRefusedError

    monkeypatch.setattr(json_rpc, "_own_socket", slow)
    monkeypatch.setattr(websocket, "opened", shake_hands)
    with pytest.raises(ServerUnreachable):
        async with connected("unix:/tmp/slow", within=0.4):
            pass

    assert left[0] <= 0.2


def doors(evil: str, pid: int) -> tuple[tuple[str, dict[str, object]], ...]:
    """Every tool that takes the socket of a tmux server, with all else right."""
    place = {"ui_pid": pid, "tmux_socket": evil}
    custom = {"agent": "custom", "process_pattern": "."}
    return (
        ("detect_tmux_pane", {**custom, "tmux_socket": evil}),
        ("register_agent", {"name": "eve", "client": "claude-code", "model": "m", **place}),
        ("register_claude_self", {"name": "eve", **place}),
        ("bind_runtime_identity", {**custom, **place}),
        ("pre_register_codex_pane", {"pane_id": "%0", "xats_agent_id": "x", "tmux_socket": evil}),
        ("register_codex_self", {"name": "eve", "tmux_socket": evil}),
    )


async def test_no_tool_speaks_with_what_is_no_tmux(tmux: TmuxServer, order: Ordering, connect: Connect) -> None:
    claude = await tmux.stand_in("claude", program="claude")
    evil, caller = str(inside(tmux)), await connect()
    with listening(inside(tmux), order), sleeping(f"{evil},1,0"):
        for tool, arguments in doors(evil, claude.pid):
            answer = await caller.call(tool, **arguments)
            if "name" not in arguments:
                assert answer["error"] == "tmux_unavailable", answer
                assert "not a tmux on the coordinator's PATH" in answer["detail"]
        meta: Any = {"xats/tmux_socket": evil, "xats/ui": {"pid": claude.pid, "pane": "%0"}}
        for tool in ("register_agent", "whoami"):
            given = {"name": "eve", "client": "custom", "model": "m"} if tool == "register_agent" else {}
            await caller.client.call_tool(tool, given, meta=meta)

    assert not order.trace.exists()


async def test_no_stored_row_leads_to_what_is_no_tmux(
    tmux: TmuxServer, order: Ordering, register: Connect, sql: Sql, connect: Connect
) -> None:
    alice, bob = await register("alice"), await register("bob")
    pane = await tmux.stand_in("bob")
    await bind(bob, pane)
    evil = str(outside(tmux))
    with listening(outside(tmux), order):
        sql("UPDATE agents SET tmux_socket = ? WHERE name = 'bob'", evil)  # as an older version has stored it
        sql(
            "INSERT INTO codex_pane_pre_registrations (tmux_socket, pane_id, xats_agent_id, expires_at) "
            "VALUES (?, '%0', 'x', '9999-01-01T00:00:00.000Z')",
            evil,
        )
        sent = await alice.call("send_message", to_agent_name="bob", body="hello")
        status = await until(alice, sent["message_id"], wake_status="retrying", detail="not one of your tmux sockets")
        assert status["skip_reason"] == "tmux_unavailable"
        carol: Caller = await connect()
        await carol.call("register_agent", name="carol", client="codex", model="m")

    assert not order.trace.exists()
    assert hints(tmux, pane) == []


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
async def test_a_socket_that_another_user_serves_is_not_spoken_with(tmux: TmuxServer) -> None:
    with short_folder() as folder:
        folder.chmod(0o777)
        theirs = folder / "theirs"
        code = (
            "import os, socket, sys, time; os.setgid(65534); os.setuid(65534); s = socket.socket(socket.AF_UNIX); "
            "s.bind(sys.argv[1]); s.listen(); print('listening', flush=True); time.sleep(60)"
        )
        process = subprocess.Popen([sys.executable, "-c", code, str(theirs)], stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None
            assert await asyncio.to_thread(process.stdout.readline) == b"listening\n"
            os.chown(theirs, os.getuid(), os.getgid())  # as a link or a mount could make it look
            with pytest.raises(ServerUnreachable, match="another user's process"):
                async with connected(f"unix:{theirs}"):
                    pass
            theirs.rename(inside(tmux))
            with pytest.raises(UntrustedSocket, match="belongs to another user"):
                await Tmux(FakeClock()).panes(str(inside(tmux)))
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
