"""A stand-in for opencode's HTTP server: one session."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SESSION = "ses_dfb47eb8cffe0M1enGBCKs2w28"


class OpencodeServer:
    """opencode server with settable session states; records the prompts."""

    def __init__(self) -> None:
        self.url = ""
        self.statuses: dict[str, Any] = {}
        self.permissions: list[dict[str, Any]] = []
        self.prompts: list[str] = []
        self.sessions: list[dict[str, Any]] = [
            {"id": SESSION, "time": {"updated": 2}},
            {"id": "older", "time": {"updated": 1}},
            {"id": "of a subagent", "parentID": SESSION, "time": {"updated": 3}},
        ]
        self.begun: object = {"id": "begun"}
        """Answer to the creation of a session."""
        self.shown = ""
        """The session that was asked to be on its screen."""
        self.broken = ""
        """A path that is answered with a status of 500."""
        self.garbled = ""
        """Path that is answered with invalid JSON."""
        self.mute = ""
        """Path whose requests get no answer until the block ends."""
        self.ended = threading.Event()


@contextmanager
def opencode_server() -> Iterator[OpencodeServer]:
    """A server on a port of its own for the life of the block."""
    state = OpencodeServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers = {"/session": state.sessions, "/session/status": state.statuses, "/permission": state.permissions}
            self.answer(200, json.dumps(answers[self.path]).encode())

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if self.path == "/session":
                self.answer(200, json.dumps(state.begun).encode())
                return
            if self.path == "/tui/select-session":
                state.shown = body["sessionID"]
            elif self.path == f"/session/{SESSION}/prompt_async" and self.path != state.broken:
                state.prompts.append(body["parts"][0]["text"])
            if self.path == state.mute:
                state.ended.wait()
            self.answer(204, b"")

        def answer(self, status: int, body: bytes) -> None:
            if self.path == state.broken:
                status = 500
            elif self.path == state.garbled:
                body = b"<html>"
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state.url = f"http://127.0.0.1:{server.server_port}"
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield state
        finally:
            state.ended.set()
            server.shutdown()
            serving.join()
