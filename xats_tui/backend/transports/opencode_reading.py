"""Readings of an opencode server: the states of its sessions, and what it asks a person for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from xats_tui.backend.transports.opencode_api import RequestDenied, asked, listed, strange

if TYPE_CHECKING:
    import httpx2

IDLE, BUSY, RETRY = "idle", "busy", "retry"

UNTOLD = "untold"
"""State of a session that the server describes without a state."""

IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,100}")
"""Ids of sessions and requests: a path is made of them."""

MAX_GENERATIONS = 8
"""Maximum number of sessions between a subagent's and the one that a person sees."""

MAX_KNOWN_PARENTS = 1_000

MAX_AT_WORK = 100
"""Maximum number of sessions at work, and of open requests of each kind, that are looked at."""

STATUSES, PERMISSIONS, QUESTIONS = "/session/status", "/permission", "/question"
NOT_FOUND = 404


class SessionReading(Struct, frozen=True, kw_only=True):
    """The state of one session, and all that it and its subagents ask a person for."""

    session: str
    state: str
    """`idle`, `busy`, `retry`, or another word of the server's own."""
    permissions: tuple[Mapping[str, Any], ...]
    """Requests to use a tool, as the server lists them."""
    questions: tuple[Mapping[str, Any], ...]
    """Requests of the model for an answer, as the server lists them."""

    @property
    def asks(self) -> str:
        """The first thing that a person is asked for, in a few words; empty if nothing is open."""
        if self.permissions:
            return f"asks to use {self.permissions[0].get('permission')}"
        return "asks a question" if self.questions else ""

    @property
    def detail(self) -> str:
        """The obstacle that holds the session up, else its state."""
        return self.asks or f"session {self.state}"


class OpencodeSessionTree:
    """The parents of sessions, which never change: a subagent works in a session below the one that started it."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    async def root(self, server: httpx2.AsyncClient, session: str) -> str:
        """Return the session at the top, which a person sees.

        Raises:
            NoServerAnswer.
        """
        for _ in range(MAX_GENERATIONS):
            parent = await self._parent(server, session)
            if not parent:
                break
            session = parent
        return session

    async def _parent(self, server: httpx2.AsyncClient, session: str) -> str:
        if session not in self._parents:
            if len(self._parents) >= MAX_KNOWN_PARENTS:
                self._parents.clear()
            self._parents[session] = await _parent_of(server, session)
        return self._parents[session]


class ServerReading(Struct, frozen=True, kw_only=True):
    """Everything that a server is busy with now."""

    statuses: Mapping[str, Any]
    """By session; a session that is not listed is idle."""
    permissions: tuple[Mapping[str, Any], ...]
    questions: tuple[Mapping[str, Any], ...]

    @property
    def at_work(self) -> list[str]:
        """The sessions that are not idle."""
        return [session for session in self.statuses if _state(self.statuses[session]) != IDLE][:MAX_AT_WORK]

    async def of(self, server: httpx2.AsyncClient, tree: OpencodeSessionTree, session: str) -> SessionReading:
        """Return what concerns one session.

        Raises:
            NoServerAnswer.
        """
        asking = {str(one["sessionID"]) for one in (*self.permissions, *self.questions)}
        family = {session, *[one for one in asking if await tree.root(server, one) == session]}
        return SessionReading(
            session=session,
            state=_state(self.statuses.get(session, {"type": IDLE})),
            permissions=tuple(one for one in self.permissions if one["sessionID"] in family),
            questions=tuple(one for one in self.questions if one["sessionID"] in family),
        )


async def read_server(server: httpx2.AsyncClient) -> ServerReading:
    """Ask a server for everything that it is busy with.

    Raises:
        NoServerAnswer: the server is gone, or answers with what opencode does not.
    """
    statuses = await asked(server, "GET", STATUSES)
    if not isinstance(statuses, dict) or not all(IDENTIFIER.fullmatch(one) for one in statuses):
        raise strange(server, STATUSES)
    return ServerReading(
        statuses=statuses,
        permissions=await open_requests(server, PERMISSIONS),
        questions=await open_requests(server, QUESTIONS),
    )


async def open_requests(server: httpx2.AsyncClient, path: str) -> tuple[Mapping[str, Any], ...]:
    """Return the open requests of one kind.

    Raises:
        NoServerAnswer.
    """
    try:
        found = (await listed(server, path))[:MAX_AT_WORK]
    except RequestDenied as denied:
        if path == QUESTIONS and denied.status == NOT_FOUND:
            return ()  # an older opencode, whose model has no questions
        raise
    for one in found:
        if not all(IDENTIFIER.fullmatch(str(one.get(name))) for name in ("id", "sessionID")):
            raise strange(server, path)
    return tuple(found)


async def _parent_of(server: httpx2.AsyncClient, session: str) -> str:
    """Return the id of the session that started this one; empty if a person did."""
    try:
        described = await asked(server, "GET", f"/session/{session}")
    except RequestDenied as denied:
        if denied.status == NOT_FOUND:
            return ""
        raise
    parent = described.get("parentID") if isinstance(described, dict) else None
    return parent if isinstance(parent, str) and IDENTIFIER.fullmatch(parent) else ""


def _state(status: object) -> str:
    state = status.get("type") if isinstance(status, dict) else None
    return state if isinstance(state, str) else UNTOLD
