"""The coordinator that all bad input of a run goes to, and who sends it."""

from collections.abc import Iterator

import pytest

from tests.bad_input.callers import HttpCaller
from tests.tmux_server import short_folder, tmux_server
from tests.wire.coordinator import Coordinator, running

LONG_ARGUMENT = "a" * 60 + "!"
"""Of a process in a pane of the coordinator's tmux server: hard on a careless search for a pattern."""


@pytest.fixture(scope="package")
def coordinator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coordinator]:
    """One with a tmux server of its own, which is not to be harmed either; in the end its log holds no traceback."""
    with short_folder() as folder, tmux_server(folder) as tmux:
        tmux.new_pane(["sh", "-c", "sleep 600; :", LONG_ARGUMENT])
        with running(tmp_path_factory.mktemp("bad"), folder) as started:
            yield started
            assert started.process.poll() is None
            log = (started.home / "xats-tui.log").read_text()
        assert "Traceback" not in log, log[log.index("Traceback") :][:3000]
        assert tmux.run("list-panes", "-a")


@pytest.fixture(scope="module")
def caller(coordinator: Coordinator) -> Iterator[HttpCaller]:
    """An agent in a session of its own."""
    caller = HttpCaller(coordinator)
    caller.register("victim", team="bad")
    yield caller
    caller.close()
