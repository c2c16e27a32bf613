"""A web page in a browser on this machine gets nothing.

Hosts and origins one by one: tests/backend/api/test_app.py.
"""

from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.backend.api.plain_http import INITIALIZE, browsing
from xats_tui.backend.coordinator import Coordinator
from xats_tui.core.records import replace
from xats_tui.runtime.settings import Settings

SIMPLE = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain; application/json", "")
"""Content types that a web page may send without a preflight request; and none."""

PAGE = {"origin": "http://evil.example"}


@pytest.fixture
async def http(backend: Coordinator) -> AsyncIterator[httpx2.AsyncClient]:
    """A plain HTTP client of the coordinator."""
    async with browsing(backend) as client:
        yield client


async def test_what_a_page_may_send_unasked_is_no_json(http: httpx2.AsyncClient) -> None:
    for media in SIMPLE:
        answer = await http.post("/mcp", json=INITIALIZE, headers={"content-type": media})
        assert answer.status_code in (400, 415), media


async def test_a_page_that_asks_first_is_not_allowed_to(http: httpx2.AsyncClient) -> None:
    asking = PAGE | {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    for path in ("/mcp", "/hook", "/health", "/operator/agents"):
        answer = await http.request("OPTIONS", path, headers=asking)
        assert not [name for name in answer.headers if name.lower().startswith("access-control")], path


async def test_a_page_cannot_post_a_hook(http: httpx2.AsyncClient) -> None:
    event = {"session_id": "s", "hook_event_name": "UserPromptSubmit"}
    for origin in ("http://evil.example", "http://127.0.0.1:9", "null"):
        answer = await http.post("/hook", json=event, headers={"origin": origin, "content-type": "text/plain"})
        assert answer.status_code in (403, 404), origin


async def test_anybody_may_ask_how_it_is_and_learns_no_more_than_that(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/health", headers={"host": "evil.example"} | PAGE)

    assert answer.json().keys() == {"ok", "version", "uptime_seconds"}


@pytest.mark.parametrize("host", ["127.0.0.2", "localhost"])
async def test_a_coordinator_is_reached_under_the_loopback_address_it_listens_on(settings: Settings, host: str) -> None:
    async with Coordinator.running(replace(settings, host=host)) as backend, browsing(backend) as http:
        url = f"http://{host}:{backend.port}/mcp"
        assert (await http.post(url, json=INITIALIZE)).status_code == 200
        assert (await http.post(url, json=INITIALIZE, headers={"host": "evil.example"})).status_code == 421
