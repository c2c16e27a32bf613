"""Hostile names from callers, registered or not: nothing is run, touched or leaked, and nobody waits."""

import itertools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from tests.bad_input.callers import HttpCaller
from tests.security.hostile_names import SECRET, SECRET_NAMES, Calls, Traps, ids_in, set_traps, snapshot
from tests.tmux_server import short_folder, tmux_server
from tests.wire.coordinator import Coordinator, running
from tests.wire.doors import event_of

CALLERS = 4
"""Half of them never register anybody of their own."""

QUICK_CALLS = 200
"""In the quick run: every tool several times."""

PAUSE_S = 0.05
"""Between two looks at the coordinator."""

LONGEST_CALL_S, LONGEST_HEALTH_S = 2.0, 0.2

MOST_GROWTH = 60 * 1024 * 1024
"""Bytes by which the coordinator may grow after the first tenth of the calls; what is stored has caches of a size."""

PROGRAMS = {"tmux", "python"}
"""Programs that the coordinator may run: tmux, and its own helper."""


class Watch:
    """Looks at the coordinator all the time: how long `/health` takes, what runs below it."""

    def __init__(self, coordinator: Coordinator) -> None:
        self.longest = 0.0
        self.late = 0.0
        """By how much this machine let us sleep longer than we wanted: it does the same to the coordinator."""
        self.programs: set[str] = set()
        self._process = psutil.Process(coordinator.process.pid)
        self._http = httpx2.Client(base_url=coordinator.base, verify=False, timeout=60)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        asked = time.monotonic()
        while not self._over.wait(PAUSE_S):
            begun = time.monotonic()
            self.late = max(self.late, begun - asked - PAUSE_S)
            assert self._http.get("/health").status_code == 200
            self.longest = max(self.longest, time.monotonic() - begun)
            for child in self._process.children(recursive=True):
                try:
                    if program := child.exe():  # nothing while it ends
                        self.programs.add(Path(program).name.rstrip("0123456789."))
                except psutil.Error:
                    continue  # it has ended, or has not begun
            asked = time.monotonic()

    def end(self) -> None:
        """Stop looking."""
        self._over.set()
        self._thread.join()
        self._http.close()


@contextmanager
def trapped() -> Iterator[tuple[Coordinator, Traps]]:
    """A coordinator with secrets on a machine full of traps."""
    with ExitStack() as stack:
        folder, tmux_folder, home = (stack.enter_context(short_folder()) for _ in range(3))
        (folder / "canary").write_text(SECRET)
        (folder / "user").mkdir()
        tmux = stack.enter_context(tmux_server(tmux_folder))
        traps = stack.enter_context(set_traps(folder, tmux))
        secrets = dict.fromkeys(SECRET_NAMES, SECRET)
        started = stack.enter_context(running(home / "home", tmux_folder, HOME=str(folder / "user"), **secrets))
        yield started, traps


class Attack:
    """Callers that name traps, at once."""

    def __init__(self, coordinator: Coordinator, traps: Traps) -> None:
        self._coordinator = coordinator
        self._traps = traps
        self.longest: tuple[float, str] = (0.0, "")
        self.leaks: list[str] = []
        self.answered = 0
        self._failures: list[BaseException] = []

    def run(self, calls: int) -> None:
        """Make so many calls."""
        callers = [threading.Thread(target=self._guarded, args=(seed, calls // CALLERS)) for seed in range(CALLERS)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        if self._failures:
            raise self._failures[0]

    def _guarded(self, seed: int, calls: int) -> None:
        try:
            self._call(seed, calls)
        except BaseException as error:  # it belongs to the test, not to this thread
            self._failures.append(error)

    def _call(self, seed: int, calls: int) -> None:
        caller = HttpCaller(self._coordinator)
        listed = event_of(caller.post(_request("tools/list", {})).text)["result"]["tools"]
        made = Calls(seed, self._traps, self._coordinator.port, listed)
        secret = (self._coordinator.home / "operator.token").read_text().strip()
        for number in range(calls):
            if seed % 2 and number % 40 == 0:
                caller.register(f"agent {seed}", team="fuzz")
            tool, arguments, meta = made.next()
            begun = time.monotonic()
            answer = caller.post(_request("tools/call", {"name": tool, "arguments": arguments, "_meta": meta})).text
            self.longest = max(self.longest, (time.monotonic() - begun, f"{tool} {arguments} {meta}"[:2000]))
            self.leaks += [answer for one in (SECRET, secret) if one in answer]
            self.answered += 1
            made.seen = [*made.seen[-50:], *ids_in(answer)]
        caller.close()


_numbers = itertools.count(1)


def _request(method: str, params: dict[str, Any]) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": next(_numbers), "method": method, "params": params}).encode()


def attack(calls: int) -> tuple[Attack, Watch, int]:
    """Make calls beside the traps; what must hold however many and however slow the machine is held to here."""
    with trapped() as (coordinator, traps):
        process, watch = psutil.Process(coordinator.process.pid), Watch(coordinator)
        attacked, before = Attack(coordinator, traps), snapshot(traps.folder)
        try:
            attacked.run(calls // 10)
            grown = -process.memory_info().rss
            attacked.run(calls - calls // 10)
            grown += process.memory_info().rss
        finally:
            watch.end()
        assert not traps.order.trace.exists() and not traps.typed.exists()
        assert watch.programs <= PROGRAMS
        assert snapshot(traps.folder) == before
        assert attacked.leaks == []
        assert not [heard for heard in traps.heard if SECRET.encode() in heard]
        assert traps.tmux.run("list-panes", "-a")
        log = (coordinator.home / "xats-tui.log").read_text()
        assert "Traceback" not in log, log[log.index("Traceback") :][:3000]
        assert SECRET not in log
    return attacked, watch, grown


@pytest.mark.slow
@pytest.mark.tmux
def test_whatever_callers_name_nothing_is_run_touched_or_told() -> None:
    attacked, _, _ = attack(QUICK_CALLS)

    assert attacked.answered >= QUICK_CALLS - 2 * CALLERS


@pytest.mark.tmux
@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_twenty_thousand_calls_that_name_traps_delay_nobody_and_leave_nothing() -> None:
    attacked, watch, grown = attack(20_000)

    assert attacked.answered >= 20_000 - 2 * CALLERS
    assert attacked.longest[0] < LONGEST_CALL_S + watch.late, attacked.longest
    assert watch.longest < LONGEST_HEALTH_S + watch.late
    assert grown < MOST_GROWTH
