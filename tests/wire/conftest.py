"""The coordinators, tmux server and doors that the scenarios share."""

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from tests.backend.api.plain_http import open_session
from tests.tmux_server import TmuxServer, short_folder, tmux_server
from tests.wire.coordinator import Coordinator, running
from tests.wire.doors import BridgeDoor, Door, HttpDoor
from tests.wire.requests import browsing
from tests.wire.world import World


@pytest.fixture(scope="package")
def shared_tmux() -> Iterator[TmuxServer]:
    """The tmux server that the shared coordinator finds."""
    with short_folder() as folder, tmux_server(folder) as server:
        yield server


@pytest.fixture(scope="package")
def coordinator(shared_tmux: TmuxServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coordinator]:
    """The coordinator that all scenarios of a run share; each has a team of its own."""
    with running(tmp_path_factory.mktemp("wire"), shared_tmux.folder) as started:
        yield started


@pytest.fixture(scope="package")
def without_tmux(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Coordinator]]:
    """Starts, when it is first wanted, a coordinator that finds no tmux server."""
    started: list[Coordinator] = []
    with ExitStack() as stack:

        def start() -> Coordinator:
            if not started:
                folder: Path = stack.enter_context(short_folder())
                started.append(stack.enter_context(running(tmp_path_factory.mktemp("alone"), folder)))
            return started[0]

        yield start


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http_door(coordinator: Coordinator) -> AsyncIterator[Door]:
    """MCP over HTTP."""
    door = HttpDoor(coordinator)
    yield door
    await door.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bridge_door(coordinator: Coordinator) -> AsyncIterator[Door]:
    """MCP over stdio, through the bridge."""
    door = BridgeDoor(coordinator)
    yield door
    await door.close()


@pytest_asyncio.fixture(loop_scope="module")
async def http_world(
    coordinator: Coordinator, http_door: Door, shared_tmux: TmuxServer, without_tmux: Callable[[], Coordinator]
) -> AsyncIterator[World]:
    """A scenario's world behind HTTP."""
    world = World(coordinator, http_door, shared_tmux, without_tmux)
    yield world
    await world.close()


@pytest_asyncio.fixture(loop_scope="module")
async def bridged_world(
    coordinator: Coordinator, bridge_door: Door, shared_tmux: TmuxServer, without_tmux: Callable[[], Coordinator]
) -> AsyncIterator[World]:
    """A scenario's world behind the bridge."""
    world = World(coordinator, bridge_door, shared_tmux, without_tmux)
    yield world
    await world.close()


@pytest.fixture
async def http(coordinator: Coordinator) -> AsyncIterator[httpx2.AsyncClient]:
    """A plain HTTP client of the coordinator."""
    async with browsing(coordinator) as client:
        yield client


@pytest.fixture
def team(request: pytest.FixtureRequest) -> str:
    """A team that no other test has agents in."""
    return hashlib.sha256(request.node.name.encode()).hexdigest()[:12]


@pytest.fixture
async def session(http: httpx2.AsyncClient) -> dict[str, str]:
    """The header of an open session."""
    return await open_session(http)
