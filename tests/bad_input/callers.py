"""A client that sends whatever it is told to and holds every answer to what any answer must be.

It knows HTTP, sessions and what an answer looks like; nothing of what a tool does.
"""

import itertools
import json
from collections.abc import Mapping
from typing import Any

import httpx2

from tests.backend.api.plain_http import INITIALIZE, JSON_OR_STREAM
from tests.wire.coordinator import Coordinator
from tests.wire.doors import event_of

SLOWEST = 30.0
"""Seconds without an answer from which a coordinator is stuck: what keeps it busy does so for minutes."""

LARGEST_ANSWER = 6_000_000
"""Bytes of the largest answer to anything: a page of messages, each character escaped."""

OUR_FAULT = (
    "Traceback",
    'File "',
    "an internal error",
    "storage_unavailable",
    "Internal Server Error",
)
"""Text that an answer contains only after an internal error."""

UNHARMED = "still here"


class HttpCaller:
    """A session over HTTP."""

    def __init__(self, coordinator: Coordinator) -> None:
        self.coordinator = coordinator
        self.http = httpx2.Client(base_url=coordinator.base, headers=JSON_OR_STREAM, verify=False, timeout=SLOWEST)
        self.session: dict[str, str] = {}
        self.greet()

    def greet(self) -> None:
        """Open a session."""
        answer = self.http.post("/mcp", json=INITIALIZE)
        assert answer.status_code == 200, answer.text
        self.session = {"mcp-session-id": answer.headers["mcp-session-id"]}
        self.http.post("/mcp", json={"jsonrpc": "2.0", "method": "notifications/initialized"}, headers=self.session)

    def post(self, body: bytes, path: str = "/mcp", headers: Mapping[str, str] | None = None) -> httpx2.Response:
        """Send a body; the answer, which is no server error, no traceback, not late and not endless."""
        answer = self.http.post(path, content=body, headers={**self.session, **(headers or {})})
        assert answer.status_code < 500, (answer.status_code, answer.text[:500])
        assert len(answer.content) < LARGEST_ANSWER
        for trace in OUR_FAULT:
            assert trace not in answer.text, answer.text[:500]
        return answer

    def call(self, tool: str, arguments: Any, **escapes: bool) -> httpx2.Response:
        """Call a tool with whatever arguments."""
        return self.post(request_of(tool, arguments, **escapes))

    def asked(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool with valid arguments and return its answer."""
        result = event_of(self.call(tool, arguments).text)["result"]
        assert not result.get("isError"), result
        payload: dict[str, Any] = json.loads(result["content"][0]["text"])
        return payload

    def is_answered(self) -> bool:
        """Return whether this session still works."""
        return bool(self.asked("echo", msg=UNHARMED)["msg"] == UNHARMED)

    def register(self, name: str, **fields: Any) -> str:
        """Become an agent; its id."""
        wanted = {"client": "custom", "model": "m", "name": name} | fields
        answer = self.asked("register_agent", **wanted)
        assert "agent_id" in answer, answer
        return str(answer["agent_id"])

    def close(self) -> None:
        """End the session and the connection."""
        self.http.delete("/mcp", headers=self.session)
        self.http.close()


_ids = itertools.count(100)


def request_of(tool: Any, arguments: Any, *, ascii_only: bool = True) -> bytes:
    """A call of a tool as it is sent; lone surrogates survive only as escapes."""
    params = {"name": tool, "arguments": arguments}
    message = {"jsonrpc": "2.0", "id": next(_ids), "method": "tools/call", "params": params}
    return json.dumps(message, ensure_ascii=ascii_only).encode(errors="surrogatepass")
