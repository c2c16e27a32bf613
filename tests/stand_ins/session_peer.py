"""A stand-in for a session with an inbox that answers with receipts, in the process of the test."""

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil

from xats_tui.backend.system.sessions.processes import InboxKey
from xats_tui.backend.system.sessions.registered import RegisteredSession
from xats_tui.clients.session_record import SessionRecord
from xats_tui.core.model.agents import SeenProcess

SESSION = "8e016be8-5b48-4c13-ad22-1f5326ae64ac"


def this_process() -> SeenProcess:
    """The process that this runs in."""
    return SeenProcess(os.getpid(), psutil.Process().create_time())


class SessionPeer:
    """A session's inbox; a message is taken once, however often it is posted."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.token = secrets.token_hex(32)
        self.answer: str | None = "delivered"
        """The receipt for the next messages; None for none."""
        self.posts: list[dict[str, Any]] = []
        """Every frame, those that were posted again as well."""
        self.verdicts: dict[str, str] = {}
        """By the ids of the messages."""
        self.process = this_process()

    @property
    def session(self) -> RegisteredSession:
        """The session, as a bridge would lead to it."""
        record = SessionRecord(
            pid=self.process.pid, proc_start="boot:1", pid_namespace=1, session_id=SESSION, socket=str(self.socket)
        )
        key = InboxKey(socket=str(self.socket), token=self.token, bridge=self.process)
        return RegisteredSession(record=record, process=self.process, key=key)

    @property
    def taken(self) -> list[str]:
        """The texts of the messages that were taken."""
        first = {post["msgId"]: post["message"]["content"] for post in reversed(self.posts)}
        return [text for msg_id, text in first.items() if self.verdicts.get(msg_id) == "delivered"]

    async def tell(self, status: str, post: dict[str, Any] | None = None, /, **changes: Any) -> None:
        """Send a receipt for a post, else for the newest one; `changes` replace fields of its two lines."""
        post = post or self.posts[-1]
        auth = {"msgV": 1, "type": "auth", "token": changes.pop("token", post["replyToken"])}
        frame = {
            "msgV": 1,
            "msgId": secrets.token_hex(8),
            "type": "control",
            "action": "delivery_status",
            "status": status,
            "origMsgId": post["msgId"],
            "reason": "for people",
            **changes,
        }
        reader, writer = await asyncio.open_unix_connection(post["from"])
        writer.write("".join(json.dumps(line) + "\n" for line in (auth, frame)).encode())
        writer.write_eof()
        await reader.read()
        writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one connection."""
        lines = [json.loads(line) for line in (await reader.read()).splitlines()]
        writer.close()
        if not lines or lines[0].get("token") != self.token:
            return
        post = lines[1]
        self.posts.append(post)
        verdict = self.verdicts.get(post["msgId"]) or self.answer
        if verdict is not None:
            self.verdicts[post["msgId"]] = verdict
            await self.tell(verdict, post)


@asynccontextmanager
async def session_peer(folder: Path) -> AsyncIterator[SessionPeer]:
    """A session that listens in a folder of its own below this one."""
    own = folder / "socks"
    own.mkdir(mode=0o700)
    peer = SessionPeer(own / "1.sock")
    async with await asyncio.start_unix_server(peer.serve, peer.socket):
        peer.socket.chmod(0o600)
        yield peer
