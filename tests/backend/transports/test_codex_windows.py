"""A Codex thread is set to work only where somebody can watch it: a living window shows that very thread."""

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import mcp_types as types
import psutil
import pytest

from tests.backend.services.wakes.waking import until
from tests.conftest import Connect
from tests.mcp_caller import Caller
from tests.stand_ins.app_server import OTHER_THREAD, THREAD, AppServer, app_server, app_server_on_tcp
from tests.tmux_server import Pane, TmuxServer
from xats_tui.backend.transports.codex_windows import CONTROL_SOCKET, CodexWindow, LoadedThread, is_shown

STAND_IN = Path(__file__).parents[2] / "stand_ins" / "codex_window.py"

NAMES = {THREAD: "Mend the login", OTHER_THREAD: "Write the docs"}


class Codex:
    """A stock Codex: a server behind a control socket, and its windows."""

    def __init__(self, server: AppServer, tmux: TmuxServer) -> None:
        self.server = server
        self._tmux = tmux

    async def window(self, thread_id: str, *arguments: str) -> Pane:
        """Open a window that shows a thread, in a job of a shell."""
        program = [self._tmux.called("codex"), str(STAND_IN), f"{NAMES[thread_id]} | proj", *arguments]
        home = f"CODEX_HOME={self._tmux.folder}"
        pane = self._tmux.new_pane(["sh", "-c", '"$@"; exec cat', "sh", "env", home, *program])
        screen = await self._tmux.wait_for(pane.pane_id, "port ")
        if not arguments:
            self.server.ports[thread_id] = int(screen.partition("port ")[2].split()[0])
        return pane

    async def show(self, window: Pane, title: str) -> None:
        """Have a window show another title."""
        self._tmux.send(window.pane_id, title, "Enter")
        await self._tmux.wait_for(window.pane_id, f"titled {title}")


@pytest.fixture
async def codex(tmux: TmuxServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Codex]:
    """A Codex whose two threads were begun in terminals."""
    monkeypatch.setenv("CODEX_HOME", str(tmux.folder))
    async with app_server(tmux.folder / CONTROL_SOCKET) as server:
        server.originator, server.threads, server.names = "codex-tui", [THREAD, OTHER_THREAD], dict(NAMES)
        yield Codex(server, tmux)


async def joined(connect: Connect, name: str, thread_id: str, **fields: object) -> Caller:
    """An agent whose calls name its thread, as those of Codex do."""
    caller: Caller = await connect()
    meta = cast(types.RequestParamsMeta, {"threadId": thread_id})
    known = {"name": name, "client": "codex", "model": "m", **fields}
    assert not (await caller.client.call_tool("register_agent", known, meta=meta)).is_error
    return caller


def ui_pid(window: Pane) -> int:
    """The process that a window's shell runs."""
    (child,) = psutil.Process(window.pid).children()
    return child.pid


async def test_of_two_windows_the_thread_of_the_one_that_was_closed_is_not_set_to_work(
    codex: Codex, tmux: TmuxServer, connect: Connect, register: Connect
) -> None:
    closed = await codex.window(THREAD)
    await codex.window(OTHER_THREAD)
    await joined(connect, "bob", THREAD)
    await joined(connect, "cid", OTHER_THREAD)
    alice = await register("alice")
    os.kill(ui_pid(closed), signal.SIGTERM)
    await tmux.wait_until(lambda: tmux.formats(closed.pane_id, "pane_current_command") == ["cat"])

    to_bob = await alice.call("send_message", to_agent_name="bob", body="hello")
    to_cid = await alice.call("send_message", to_agent_name="cid", body="hello")

    await until(alice, to_cid["message_id"], wake_status="delivered")
    assert codex.server.set_to_work == [OTHER_THREAD]
    await until(alice, to_bob["message_id"], detail="no Codex window shows its thread")
    await codex.window(THREAD)  # `codex resume`
    await until(alice, to_bob["message_id"], wake_status="delivered")
    assert codex.server.set_to_work == [OTHER_THREAD, THREAD]


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("title", ["Write the docs | proj", "⠋ Write the docs | proj"])
async def test_a_thread_is_left_alone_whose_window_shows_another_now(
    title: str, codex: Codex, connect: Connect, register: Connect
) -> None:
    window = await codex.window(THREAD)
    await joined(connect, "bob", THREAD)
    alice = await register("alice")
    await codex.show(window, title)

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    await until(alice, sent["message_id"], detail="no Codex window shows its thread")
    assert codex.server.turns == []
    await codex.show(window, "Mend the login | proj")
    await until(alice, sent["message_id"], wake_status="delivered")


@pytest.mark.slow
async def test_a_thread_is_left_alone_whose_window_is_stopped(
    codex: Codex, connect: Connect, register: Connect
) -> None:
    window = await codex.window(THREAD)
    await joined(connect, "bob", THREAD)
    alice = await register("alice")
    os.kill(ui_pid(window), signal.SIGSTOP)

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    assert not sent["poked"] and codex.server.turns == []
    os.kill(ui_pid(window), signal.SIGCONT)
    await until(alice, sent["message_id"], wake_status="delivered")


@pytest.mark.slow
async def test_where_it_is_not_known_what_a_window_shows_the_pane_of_the_agent_decides(
    codex: Codex, connect: Connect, register: Connect
) -> None:
    window = await codex.window(THREAD)
    codex.server.ports[OTHER_THREAD] = codex.server.ports[THREAD]  # it has shown both, one after the other
    await codex.show(window, "a title of the user's own")
    await joined(connect, "bob", THREAD)
    await joined(connect, "cid", OTHER_THREAD, ui_pid=ui_pid(window))
    alice = await register("alice")

    to_bob = await alice.call("send_message", to_agent_name="bob", body="hello")
    to_cid = await alice.call("send_message", to_agent_name="cid", body="hello")

    await until(alice, to_bob["message_id"], detail="it is not known whether a Codex window shows")
    assert codex.server.turns == []
    (status,) = (await alice.call("get_delivery_status", message_id=to_cid["message_id"]))["statuses"]
    assert status["transport"] == "tmux-pane"


@pytest.mark.slow
async def test_a_thread_on_a_server_of_its_own_is_set_to_work_while_a_window_is_connected_there(
    codex: Codex, tmux: TmuxServer, connect: Connect, register: Connect
) -> None:
    async with app_server_on_tcp() as server:
        server.originator = "codex-tui"
        bob: Caller = await connect()
        await bob.call("register_codex_self", name="bob", model="m", thread_id=THREAD, ws_url=server.url)
        alice = await register("alice")
        sent = await alice.call("send_message", to_agent_name="bob", body="hello")
        await until(alice, sent["message_id"], detail="no Codex window shows its thread")

        await codex.window(THREAD, "--remote", server.url)

        await until(alice, sent["message_id"], wake_status="delivered")
        assert server.set_to_work == [THREAD]


A = LoadedThread(thread_id="a", name="Mend the login page of the shop in the old style …", folder="proj", port=1001)
B = LoadedThread(thread_id="b", name="Write the docs", folder="proj", port=1002)
NEW = LoadedThread(thread_id="new", name=None, folder="proj", port=1001)
REMOTE, FURTHER = (LoadedThread(thread_id=name, name=None, folder="proj", port=None) for name in ("remote", "further"))


@pytest.mark.parametrize(
    ("thread", "windows", "threads", "shown"),
    [
        (A, [], [A, B], False),
        (A, [(1001, None)], [A, B], True),
        (A, [(1002, None)], [A, B], False),
        (A, [(1001, "Mend the login page of the shop in the old st... | proj")], [A, B, NEW], True),
        (A, [(1001, "⠙ Mend the login page of the shop in the old st... | proj")], [A, NEW], True),
        (A, [(1001, "[ ! ] Action Required | Write the docs | proj")], [A, B], False),
        (B, [(1001, "Write the docs | proj"), (1002, "Write the docs | proj")], [A, B], True),
        (B, [(1001, "Write the docs | proj")], [A, B], True),
        (B, [(1001, "Write the docs, too | proj")], [A, B], False),
        (A, [(1001, "proj")], [A, B, NEW], False),
        (NEW, [(1001, "proj")], [A, B, NEW], True),
        (A, [(1001, "a title of the user's own")], [A, B, NEW], None),
        (NEW, [(1001, "a title of the user's own")], [A, B, NEW], None),
        (B, [(1001, "a title of the user's own")], [A, B, NEW], False),
        (REMOTE, [(1001, None)], [REMOTE], True),
        (REMOTE, [(1001, None)], [REMOTE, FURTHER], None),
        (A, [(1003, None)], [A, B], None),
    ],
)
def test_title_and_port_tell_which_thread_a_window_shows(
    thread: LoadedThread, windows: list[tuple[int, str | None]], threads: list[LoadedThread], shown: bool | None
) -> None:
    open_windows = [CodexWindow(ports=frozenset({port}), title=title) for port, title in windows]

    assert is_shown(thread.thread_id, open_windows, threads) is shown
