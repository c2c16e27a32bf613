"""The way between the screen's loop and the coordinator's: answers, stale scopes, and independence."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from urllib.request import urlopen

import pytest

from tests.fakes import Notified
from tests.patience import PATIENCE, eventually
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.mcp_sessions import McpSession
from xats_tui.backend.thread import COALESCE_S, CoordinatorGone, CoordinatorThread
from xats_tui.core.errors import StartError
from xats_tui.core.events import AgentChanged, Scope, TaskChanged
from xats_tui.runtime import pid_file
from xats_tui.runtime.settings import Settings, load


@pytest.fixture
async def coordinator(settings: Settings) -> AsyncIterator[CoordinatorThread]:
    """A coordinator on a thread of its own."""
    running = CoordinatorThread(settings)
    running.start()
    yield running
    await asyncio.to_thread(running.stop)


async def port_of(backend: Coordinator) -> int:
    return backend.port


async def publish(backend: Coordinator) -> None:
    """Two facts, one commit."""
    backend.bus.publish([AgentChanged(agent_id="a"), TaskChanged(task_id="t", team="red")])


async def test_a_question_is_answered_on_the_coordinators_thread(coordinator: CoordinatorThread) -> None:
    async def where(backend: Coordinator) -> tuple[str, int]:
        return threading.current_thread().name, len(await backend.registry.roster())

    assert await coordinator.ask(where) == ("coordinator", 0)


async def background_tasks(backend: Coordinator) -> set[str]:
    return {"panes", "waker", "config file"} & {task.get_name() for task in asyncio.all_tasks()}


async def test_a_coordinator_that_serves_later_leaves_its_other_work_for_then_too(settings: Settings) -> None:
    running = CoordinatorThread(settings, serves_later=True, loaded=load({"home": str(settings.home)}, {}))
    running.start()
    assert await running.ask(background_tasks) == set()

    running.serve()

    async with asyncio.timeout(PATIENCE):
        while await running.ask(background_tasks) != {"panes", "waker", "config file"}:
            await asyncio.sleep(0.01)
    await asyncio.to_thread(running.stop)


async def test_what_goes_wrong_there_is_raised_here(coordinator: CoordinatorThread) -> None:
    async def fail(backend: Coordinator) -> None:
        raise KeyError("there")

    with pytest.raises(KeyError, match="there"):
        await coordinator.ask(fail)


async def test_a_question_that_is_cancelled_here_ends_there(coordinator: CoordinatorThread) -> None:
    began, ended = threading.Event(), threading.Event()

    async def wait_for_ever(backend: Coordinator) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    asking = asyncio.create_task(coordinator.ask(wait_for_ever))
    assert await asyncio.to_thread(began.wait, PATIENCE)
    asking.cancel()

    assert await asyncio.to_thread(ended.wait, PATIENCE)
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_stale_scopes_arrive_on_the_listeners_own_loop(coordinator: CoordinatorThread) -> None:
    heard: asyncio.Queue[tuple[frozenset[Scope], int]] = asyncio.Queue()
    leave = coordinator.listen(lambda scopes: heard.put_nowait((scopes, threading.get_ident())))
    await coordinator.ask(publish)

    stale: set[Scope] = set()
    async with asyncio.timeout(PATIENCE):
        while not stale >= {Scope.AGENTS, Scope.TASKS}:
            scopes, thread = await heard.get()
            stale |= scopes
            assert thread == threading.get_ident()
    leave()


async def test_scopes_gather_while_the_listeners_loop_is_busy(coordinator: CoordinatorThread) -> None:
    heard: list[frozenset[Scope]] = []
    leave = coordinator.listen(heard.append)
    await coordinator.ask(publish)
    await asyncio.sleep(0)
    heard.clear()

    async def publish_often(backend: Coordinator) -> None:
        for _ in range(500):
            await publish(backend)

    await asyncio.sleep(COALESCE_S)
    heard.clear()
    loop = asyncio.get_running_loop()
    began = loop.time()
    with ThreadPoolExecutor(1) as elsewhere:  # this loop stands still meanwhile
        elsewhere.submit(lambda: asyncio.run(coordinator.ask(publish_often))).result(PATIENCE)
    took = loop.time() - began
    async with asyncio.timeout(PATIENCE):
        while not heard:
            await asyncio.sleep(COALESCE_S)
    leave()

    assert set(heard) == {frozenset({Scope.AGENTS, Scope.TASKS})}
    assert len(heard) <= 2 + took / COALESCE_S


async def session_of_an_agent(backend: Coordinator) -> McpSession:
    return backend.sessions.open("s", "client", Notified())


async def test_a_change_after_a_silence_is_told_in_a_pause_between_calls(
    coordinator: CoordinatorThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xats_tui.backend.thread.SILENCE_S", 0)
    monkeypatch.setattr("xats_tui.backend.thread.PAUSE_S", 0.001)
    monkeypatch.setattr("xats_tui.backend.thread.MAX_HOLD_S", 2 * PATIENCE)
    session = await coordinator.ask(session_of_an_agent)
    heard: list[frozenset[Scope]] = []
    leave = coordinator.listen(heard.append)

    async def call_again_and_again(backend: Coordinator) -> list[frozenset[Scope]]:
        for _ in range(20):
            with backend.sessions.calling(session):
                await publish(backend)
                await asyncio.sleep(0.005)  # several looks, all of them within a call
        return list(heard)

    await coordinator.ask(port_of)  # so that the news of the session itself is told
    await asyncio.sleep(COALESCE_S)
    heard.clear()
    assert await coordinator.ask(call_again_and_again) == []
    await eventually(lambda: heard)
    leave()


async def test_changes_that_keep_coming_are_told_although_calls_do_too(
    coordinator: CoordinatorThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xats_tui.backend.thread.SILENCE_S", 2 * PATIENCE)
    monkeypatch.setattr("xats_tui.backend.thread.MAX_HOLD_S", 2 * PATIENCE)
    session = await coordinator.ask(session_of_an_agent)
    heard: list[frozenset[Scope]] = []
    leave = coordinator.listen(heard.append)
    await coordinator.ask(publish)
    await eventually(lambda: heard)
    heard.clear()

    async def call_until_told(backend: Coordinator) -> None:
        with backend.sessions.calling(session):
            await publish(backend)
            await eventually(lambda: heard)

    await coordinator.ask(call_until_told)
    leave()


async def test_a_change_after_a_silence_is_told_in_time_although_calls_never_end(
    coordinator: CoordinatorThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xats_tui.backend.thread.SILENCE_S", 0)
    monkeypatch.setattr("xats_tui.backend.thread.MAX_HOLD_S", 0.01)
    session = await coordinator.ask(session_of_an_agent)
    heard: list[frozenset[Scope]] = []
    leave = coordinator.listen(heard.append)

    async def call_until_told(backend: Coordinator) -> None:
        with backend.sessions.calling(session):
            await publish(backend)
            await eventually(lambda: any(Scope.TASKS in scopes for scopes in heard))

    await coordinator.ask(call_until_told)
    leave()


async def test_who_left_hears_nothing_more(coordinator: CoordinatorThread) -> None:
    heard: list[frozenset[Scope]] = []
    coordinator.listen(heard.append)()
    await coordinator.ask(publish)
    await coordinator.ask(port_of)

    assert heard == []


async def test_the_coordinator_goes_on_while_the_screen_stands_still(coordinator: CoordinatorThread) -> None:
    port = await coordinator.ask(port_of)

    def ask_often() -> list[int]:
        answers = []
        for _ in range(50):
            with urlopen(f"http://127.0.0.1:{port}/health", timeout=PATIENCE) as answer:
                answers.append(answer.status)
        return answers

    with ThreadPoolExecutor(1) as agent:
        answers = agent.submit(ask_often).result()  # blocks this loop, the screen's

    assert answers == [200] * 50


async def test_a_start_error_crosses(settings: Settings) -> None:
    async with Coordinator.running(settings):
        second = CoordinatorThread(settings)
        with pytest.raises(StartError, match="already running"):
            await asyncio.to_thread(second.start)


async def test_it_stops_and_then_answers_no_more(settings: Settings) -> None:
    coordinator = CoordinatorThread(settings)
    coordinator.start()
    await asyncio.to_thread(coordinator.stop)

    assert not settings.pid_path.exists()
    with pytest.raises(CoordinatorGone):
        await coordinator.ask(port_of)
    with pytest.raises(CoordinatorGone):
        coordinator.listen(lambda scopes: None)
    coordinator.stop()


async def test_a_question_under_way_when_it_stops_does_not_hang(settings: Settings) -> None:
    coordinator = CoordinatorThread(settings)
    coordinator.start()
    began = threading.Event()

    async def wait_for_ever(backend: Coordinator) -> None:
        began.set()
        await asyncio.Event().wait()

    asking = asyncio.create_task(coordinator.ask(wait_for_ever))
    assert await asyncio.to_thread(began.wait, PATIENCE)
    await asyncio.to_thread(coordinator.stop)

    async with asyncio.timeout(PATIENCE):
        with pytest.raises((asyncio.CancelledError, CoordinatorGone)):
            await asking


def test_a_thread_without_a_loop_may_ask_too(settings: Settings) -> None:
    coordinator = CoordinatorThread(settings)
    coordinator.start()
    assert coordinator.ask_from_thread(port_of, PATIENCE) > 0
    coordinator.stop()
    with pytest.raises(CoordinatorGone):
        coordinator.ask_from_thread(port_of, PATIENCE)


def test_who_connects_after_it_stopped_waits_for_whoever_has_its_socket(settings: Settings) -> None:
    coordinator = CoordinatorThread(settings)
    coordinator.start()
    with coordinator.listener() as listener:
        coordinator.stop()
        with socket.create_connection(listener.getsockname(), timeout=PATIENCE) as early:
            early.sendall(b"hello")
            listener.setblocking(True)
            connection, _ = listener.accept()
            with connection:
                assert connection.recv(5) == b"hello"
    with pytest.raises(CoordinatorGone):
        coordinator.listener()


def test_the_pid_file_says_where_the_dashboard_is(settings: Settings) -> None:
    coordinator = CoordinatorThread(settings, terminal="tmux pane %3, /dev/pts/7")
    coordinator.start()
    record = pid_file.running(settings.pid_path)
    coordinator.stop()
    assert record is not None
    assert (record.screen, record.terminal) == (True, "tmux pane %3, /dev/pts/7")
