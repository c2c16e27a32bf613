"""A stand-in for opencode's HTTP server: sessions, what they ask a person for, and the stream of events."""

import base64
import json
import queue
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SESSION = "ses_dfb47eb8cffe0M1enGBCKs2w28"
SUBAGENTS = "ses_of_a_subagent"
"""A session below `SESSION`."""

LIFE_SIGN_S = 1.0
"""Seconds between two signs of life on a stream of events."""

COMMAND: dict[str, Any] = {
    "id": "per_1",
    "sessionID": SESSION,
    "permission": "bash",
    "patterns": ["touch x"],
    "metadata": {"command": "touch x"},
    "always": ["touch *"],
}
"""A request to run a command, as opencode 1.18.33 lists it."""

CHOICE: dict[str, Any] = {
    "id": "que_1",
    "sessionID": SESSION,
    "questions": [
        {
            "question": "Which one?",
            "header": "Pick",
            "options": [
                {"label": "A", "description": "the first"},
                {"label": "B", "description": "the second"},
            ],
        }
    ],
}
"""A question, as opencode 1.18.33 lists it."""


class OpencodeServer:
    """opencode server with settable session states; records the prompts and the answers."""

    def __init__(self) -> None:
        self.url = ""
        self.password = ""
        """Asked for as opencode does; empty for none."""
        self.statuses: dict[str, Any] = {}
        self.permissions: list[dict[str, Any]] = []
        self.questions: list[dict[str, Any]] = []
        self.prompts: list[str] = []
        self.replies: list[tuple[str, Any]] = []
        """Path and body of each answer to a request."""
        self.keeps_asking = False
        """True to list a request further after it was answered."""
        self.sessions: list[dict[str, Any]] = [
            {"id": SESSION, "time": {"updated": 2}},
            {"id": "older", "time": {"updated": 1}},
            {"id": SUBAGENTS, "parentID": SESSION, "time": {"updated": 3}},
        ]
        self.begun: object = {"id": "begun"}
        """Answer to the creation of a session."""
        self.shown = ""
        """The session that was asked to be on its screen."""
        self.broken = ""
        """A path that is answered with a status of 500."""
        self.garbled = ""
        """Path that is answered with invalid JSON."""
        self.prompted = threading.Event()
        """Set with each prompt."""
        self.mute = ""
        """Path whose requests get no answer until `let_go`, or until the block ends."""
        self.ended, self.let_go = threading.Event(), threading.Event()
        self.streams: list[queue.SimpleQueue[bytes]] = []
        """What is to be sent on each open stream of events; an empty piece ends it."""
        self.readings = 0
        """Number of times that the statuses were asked for."""

    def tell(self, kind: str = "session.status", **properties: Any) -> None:
        """Send an event to all who listen."""
        event = {"id": "evt_1", "type": kind, "properties": properties}
        self.send(f"data: {json.dumps(event)}\n\n".encode())

    def send(self, piece: bytes) -> None:
        """Send bytes on all streams of events; none end them."""
        for stream in self.streams:
            stream.put(piece)

    def set_busy(self, *sessions: str) -> None:
        """Let these sessions be at work, and no others."""
        self.statuses = {session: {"type": "busy"} for session in sessions}
        self.tell()

    def ask(self, *, permissions: Iterable[Any] = (), questions: Iterable[Any] = ()) -> None:
        """Ask a person for these things, and nothing else; the session is at work meanwhile."""
        self.permissions, self.questions = list(permissions), list(questions)
        self.statuses = {SESSION: {"type": "busy"}}
        self.tell("permission.asked")

    def reply(self, path: str, body: Any) -> bool:
        """Take an answer; return whether there is such a request."""
        request_id = path.split("/")[2]
        listed = self.permissions if path.startswith("/permission/") else self.questions
        open_ones = [one for one in listed if one["id"] == request_id]
        if not open_ones:
            return False
        self.replies.append((path, body))
        if not self.keeps_asking:
            listed.remove(open_ones[0])
        self.tell("permission.replied")
        return True

    def lists(self) -> Mapping[str, Any]:
        """What is at each path that can be read."""
        described = {f"/session/{one['id']}": one for one in self.sessions if isinstance(one, dict) and "id" in one}
        return {
            "/session": self.sessions,
            "/session/status": self.statuses,
            "/permission": self.permissions,
            "/question": self.questions,
            **described,
        }


@contextmanager
def opencode_server(port: int = 0) -> Iterator[OpencodeServer]:
    """A server on a port of its own for the life of the block."""
    state = OpencodeServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.is_let_in():
                return
            if self.path == "/event":
                self.stream()
                return
            state.readings += self.path == "/session/status"
            lists = state.lists() if isinstance(state.sessions, list) else {"/session": state.sessions}
            known = self.path in lists
            self.answer(200 if known else 404, json.dumps(lists.get(self.path)).encode())

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"null")
            if not self.is_let_in():
                return
            if self.path == "/session":
                self.answer(200, json.dumps(state.begun).encode())
                return
            if self.path.startswith(("/permission/", "/question/")) and self.path != state.broken:
                status = 200 if state.reply(self.path, body) else 404
            else:
                status = 204
            if self.path == "/tui/select-session":
                state.shown = body["sessionID"]
            elif self.path == f"/session/{SESSION}/prompt_async" and self.path != state.broken:
                state.prompts.append(body["parts"][0]["text"])
                state.prompted.set()
            if self.path == state.mute:
                state.let_go.wait()
            self.answer(status, b"" if status == 204 else b"true")

        def is_let_in(self) -> bool:
            right = f"Basic {base64.b64encode(f'opencode:{state.password}'.encode()).decode()}"
            if state.password and self.headers.get("Authorization") != right:
                self.answer(401, b"")
                return False
            return True

        def stream(self) -> None:
            pieces: queue.SimpleQueue[bytes] = queue.SimpleQueue()
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            state.streams.append(pieces)
            pieces.put(b'data: {"id":"evt_0","type":"server.connected","properties":{}}\n\n')
            with suppress(OSError):
                while not state.ended.is_set():
                    try:
                        piece = pieces.get(timeout=LIFE_SIGN_S)
                    except queue.Empty:
                        piece = b": still here\n\n"  # fails when nobody listens any more
                    if not piece:
                        break
                    self.wfile.write(piece)
                    self.wfile.flush()
            state.streams.remove(pieces)
            self.close_connection = True

        def answer(self, status: int, body: bytes) -> None:
            if self.path == state.broken:
                status = 500
            elif self.path == state.garbled:
                body = b"<html>"
            with suppress(OSError):  # who waited too long has gone
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        state.url = f"http://127.0.0.1:{server.server_port}"
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        try:
            yield state
        finally:
            state.ended.set()
            state.let_go.set()
            state.send(b"")
            server.shutdown()
            serving.join()
