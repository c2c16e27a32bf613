"""`xats-tui demo`: what it shows is so in the store, and nothing of it is left."""

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.commands.processes import XATS, clean_environment, end, xats
from tests.tmux_server import TmuxServer, short_folder

pytestmark = pytest.mark.tmux

PATIENCE = 40.0
"""Seconds for six processes to start, or to end, on a machine that is busy."""

AGENTS = ["backend", "docs", "frontend", "ops", "qa"]


@pytest.fixture
def place() -> Iterator[Path]:
    """Provide the folder for the demo's own folder; anything left in it was not cleaned up."""
    with short_folder() as folder:
        yield folder.resolve()
        for process in processes_of(folder.resolve()):
            process.kill()


@contextmanager
def running(place: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A demo without a screen that has begun."""
    process = subprocess.Popen(
        [*XATS, "demo", "--headless", *arguments],
        env=clean_environment() | {"TMPDIR": str(place)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a worker of pytest-xdist ignores it
    )
    try:
        yield process
    finally:
        end(process)


def processes_of(place: Path) -> list[psutil.Process]:
    """Everything that finds the tmux server of a demo in this place, and that server."""
    found = []
    for process in psutil.process_iter():
        try:
            said = [process.environ().get("TMUX_TMPDIR", ""), *process.cmdline()]
        except (psutil.Error, OSError):
            continue
        if any(word.startswith(f"{place}/xats-demo-") for word in said):
            found.append(process)
    return found


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def assert_nothing_is_left(place: Path) -> None:
    assert list(place.iterdir()) == []
    assert processes_of(place) == []


def rows(home: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(home / "data.db")) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.slow
@pytest.mark.timeout(150)
def test_twenty_seconds_show_everything_that_is_promised(place: Path) -> None:
    with running(place, "--seconds", "20", "--keep") as process:
        said, _ = process.communicate(timeout=140)
    (folder,) = place.iterdir()
    home = folder / "home"

    assert process.returncode == 0, said
    assert processes_of(place) == []
    assert [name for (name,) in rows(home, "SELECT name FROM agents ORDER BY name")] == AGENTS

    woken = rows(
        home,
        "SELECT transport FROM message_delivery_status WHERE queued_at <= attempted_at AND attempted_at <= typed_at "
        "AND typed_at <= submitted_at AND submitted_at <= seen_at AND seen_at <= read_at AND wake_status = 'delivered'",
    )
    assert len(woken) >= 2 and set(woken) == {("tmux-pane",)}

    done_in_order = rows(
        home,
        "SELECT first.completed_at <= later.claimed_at FROM tasks later, json_each(later.depends_on) needed "
        "JOIN tasks first ON first.id = needed.value WHERE later.status = 'completed'",
    )
    assert len(done_in_order) >= 2 and set(done_in_order) == {(1,)}

    ((failed, reason, detail),) = rows(
        home,
        "SELECT name, skip_reason, detail FROM message_delivery_status JOIN agents USING (agent_id) "
        "WHERE wake_status = 'failed'",
    )
    assert (failed, reason) == ("ops", "no_pane")
    assert detail.startswith("owner: process ") and detail.endswith(" has ended; the pane now runs sh")


@pytest.mark.timeout(150)
@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
    ],
)
def test_an_interrupt_ends_it_and_leaves_nothing_behind(place: Path, number: signal.Signals) -> None:
    with running(place, "--seconds", "100") as process:
        until(lambda: any("mcp" in _command(one) for one in processes_of(place)))
        process.send_signal(number)
        said, _ = process.communicate(timeout=PATIENCE)

    assert process.returncode == 0
    assert said.endswith("the demo has ended; nothing of it is left\n")
    assert_nothing_is_left(place)


@pytest.mark.slow
@pytest.mark.timeout(150)
def test_it_ends_with_its_dashboard_and_takes_along_the_coordinator_that_was_to_stay(
    place: Path, tmux: TmuxServer
) -> None:
    shell = tmux.new_pane(["sh"])
    tmux.send(shell.pane_id, f"TMPDIR={place} {' '.join(XATS)} demo; echo code=$?", "Enter")
    until(lambda: "5/5" in tmux.capture(shell.pane_id))

    tmux.send(shell.pane_id, "C-q")
    until(lambda: "leave running" in tmux.capture(shell.pane_id))
    tmux.send(shell.pane_id, "l")

    until(lambda: "code=0" in tmux.capture(shell.pane_id))
    assert "the demo has ended; nothing of it is left" in tmux.capture(shell.pane_id)
    assert_nothing_is_left(place)


@pytest.mark.slow
@pytest.mark.timeout(150)
def test_a_terminal_that_is_closed_ends_it(place: Path, tmux: TmuxServer) -> None:
    shell = tmux.new_pane(["sh"])
    tmux.send(shell.pane_id, f"TMPDIR={place} {' '.join(XATS)} demo", "Enter")
    until(lambda: "5/5" in tmux.capture(shell.pane_id))

    tmux.run("kill-pane", "-t", shell.pane_id)

    until(lambda: not processes_of(place) and not list(place.iterdir()))


def until(holds: Callable[[], bool]) -> None:
    """Look again and again until it is so."""
    give_up_at = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < give_up_at
        time.sleep(0.1)


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    ("arguments", "path", "code", "sentence"),
    [
        (["demo"], None, 1, "the demo needs a terminal; `xats-tui demo --headless`"),
        (["--home", "x", "demo"], None, 2, "invalid value: the demo has settings of its own"),
        (["demo", "--headless"], "/nowhere", 1, "the demo needs tmux"),
    ],
)
def test_what_keeps_it_from_starting_is_told_in_one_sentence(
    place: Path, arguments: list[str], path: str | None, code: int, sentence: str
) -> None:
    run = xats(*arguments, TMPDIR=str(place), PATH=path or os.environ["PATH"])

    assert (run.returncode, run.stderr.count("\n")) == (code, 1), run.stderr
    assert run.stderr.startswith(f"xats-tui: {sentence}")
    assert_nothing_is_left(place)
