"""The HTTP door: what stands before everything, and who is let in."""

import asyncio
import hmac
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from typing import Any

import httpx2
import pytest
import uvicorn
import uvloop

from tests.backend.api.plain_http import INITIALIZE, browsing
from tests.patience import PATIENCE
from xats_tui import __version__
from xats_tui.backend.coordinator import Coordinator
from xats_tui.core.records import replace
from xats_tui.runtime.settings import Settings

TOKEN = "correct horse"


@pytest.fixture
async def http(backend: Coordinator) -> AsyncIterator[httpx2.AsyncClient]:
    """A plain HTTP client of the coordinator."""
    async with browsing(backend) as client:
        yield client


# Health and token


async def test_health_answers_version_and_uptime(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/health")

    assert answer.status_code == 200
    assert answer.json() == {"ok": True, "version": __version__, "uptime_seconds": answer.json()["uptime_seconds"]}
    assert isinstance(answer.json()["uptime_seconds"], int)


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    ("headers", "query", "passes"),
    [
        ({}, "", False),
        ({"authorization": f"Bearer {TOKEN}"}, "", True),
        ({"authorization": "Bearer wrong"}, "", False),
        ({"authorization": f"bearer {TOKEN}"}, "", False),
        ({}, f"?token={TOKEN}", True),
        ({}, "?token=wrong", False),
        ({"authorization": "Bearer wrong"}, f"?token={TOKEN}", False),
        ({"authorization": "Basic eA=="}, f"?token={TOKEN}", True),
        ({"authorization": "Bearer \xff"}, "", False),
    ],
)
async def test_a_token_lets_in_who_presents_it(
    settings: Settings, headers: dict[str, str], query: str, passes: bool
) -> None:
    async with Coordinator.running(replace(settings, token=TOKEN)) as backend, browsing(backend) as http:
        encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        answer = await http.post(f"/mcp{query}", json=INITIALIZE, headers=encoded)

        assert answer.status_code == (200 if passes else 401)
        if not passes:
            assert answer.json() == {"error": "invalid_token"}


async def test_a_token_in_the_url_can_be_forbidden(settings: Settings) -> None:
    strict = replace(settings, token=TOKEN, query_token=False)
    async with Coordinator.running(strict) as backend, browsing(backend) as http:
        assert (await http.post(f"/mcp?token={TOKEN}", json=INITIALIZE)).status_code == 401
        bearer = {"authorization": f"Bearer {TOKEN}"}
        assert (await http.post("/mcp", json=INITIALIZE, headers=bearer)).status_code == 200


async def test_the_token_is_compared_in_constant_time(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []
    compare = hmac.compare_digest

    def watched(given: bytes, token: bytes) -> bool:
        compared.append((given, token))
        return compare(given, token)

    async with Coordinator.running(replace(settings, token=TOKEN)) as backend, browsing(backend) as http:
        monkeypatch.setattr(hmac, "compare_digest", watched)
        await http.post("/mcp?token=wrong", json=INITIALIZE)

    assert compared == [(b"wrong", TOKEN.encode())]


async def test_without_the_token_there_is_nothing_but_health(settings: Settings) -> None:
    async with Coordinator.running(replace(settings, token=TOKEN)) as backend, browsing(backend) as http:
        assert (await http.get("/health")).status_code == 200
        assert (await http.get("/nothing")).status_code == 401
        assert (await http.get("/mcp")).status_code == 401
        assert (await http.delete("/mcp")).status_code == 401


# Paths, hosts, methods


async def test_other_paths_are_not_found_and_name_the_right_one(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/sse")

    assert answer.status_code == 404
    assert "/mcp" in answer.text


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:9100",
        "127.0.0.1.evil.example",
        "localhost.evil",
        "evil.localhost",
        "localhost@evil.example",
        "localhost:9100@evil.example",
        "127.0.0.1:evil.example",
        "[::1].evil.example",
        "[::2]:9100",
        "::1",
        "localhost..",
        "",
    ],
)
async def test_w22_a_foreign_host_is_refused(http: httpx2.AsyncClient, host: str) -> None:
    assert (await http.post("/mcp", json=INITIALIZE, headers={"host": host})).status_code == 421


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "https://127.0.0.1.evil.example", "null", "localhost", "http://localhost/x"]
)
async def test_w22_a_foreign_origin_is_refused(http: httpx2.AsyncClient, origin: str) -> None:
    assert (await http.post("/mcp", json=INITIALIZE, headers={"origin": origin})).status_code == 403


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:9100",
        "127.0.0.1",
        "[::1]:80",
        "LOCALHOST:9100",
        "LocalHost.",
        "localhost.:9100",
        "127.0.0.1.:80",
        "localhost:",
        "[0:0:0:0:0:0:0:1]:9100",
    ],
)
@pytest.mark.parametrize("scheme", ["http", "HTTP"])
async def test_names_of_this_machine_are_welcome_however_they_are_written(
    http: httpx2.AsyncClient, host: str, scheme: str
) -> None:
    headers = {"host": host, "origin": f"{scheme}://{host}"}

    assert (await http.post("/mcp", json=INITIALIZE, headers=headers)).status_code == 200


@pytest.mark.parametrize("path", ["/hook", "/nothing"])
async def test_w22_no_path_answers_a_foreign_host(http: httpx2.AsyncClient, path: str) -> None:
    assert (await http.post(path, json={}, headers={"host": "evil.example"})).status_code == 421


async def test_another_method_is_told_which_there_are(http: httpx2.AsyncClient) -> None:
    answer = await http.put("/mcp", json={})

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST, DELETE")


@pytest.mark.parametrize("passes", range(4))
@pytest.mark.parametrize("run", [uvloop.run, asyncio.run], ids=["uvloop", "asyncio"])
def test_a_connection_that_comes_at_the_very_end_is_closed_and_does_not_delay_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, run: Callable[[Coroutine[Any, Any, None]], None], passes: int
) -> None:
    late = [socket.socket() for _ in range(8)]
    left = list[int]()
    shut_down = uvicorn.Server.shutdown

    async def a_little_later(server: uvicorn.Server, sockets: list[socket.socket] | None = None) -> None:
        port = (sockets or [])[0].getsockname()[1]
        for one in late:
            one.connect(("127.0.0.1", port))
        for _ in range(passes):  # of the event loop: the connections have been accepted, or are being prepared
            await asyncio.sleep(0)
        await shut_down(server, sockets)
        left.append(len(server.server_state.connections))

    async def come_and_go() -> None:
        async with Coordinator.running(settings):
            pass

    monkeypatch.setattr(uvicorn.Server, "shutdown", a_little_later)
    run(come_and_go())

    assert left == [0]
    for one in late:
        with one, suppress(ConnectionResetError):
            one.settimeout(PATIENCE)
            assert one.recv(1) == b""
