"""One Codex app-server: what it tells of the agents' threads, and the dialogs that it asks of them."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from xats_tui.backend.client_states import ClientStates
from xats_tui.backend.transports.codex_protocol import (
    ACTIVE,
    ASKING,
    IDLE,
    join_thread,
    read_thread,
    shake_hands,
    thread_status,
)
from xats_tui.backend.transports.json_rpc import NoReply, RequestRefused, ServerUnreachable
from xats_tui.backend.transports.json_rpc_stream import Incoming, JsonRpcStream, RequestId, streaming
from xats_tui.backend.transports.tokens import MissingToken, Tokens
from xats_tui.backend.watchers.codex_dialogs import FILE_CHANGE, Request, at_of, request_of, thread_of
from xats_tui.core.clock import Clock
from xats_tui.core.errors import Refusal
from xats_tui.core.model.client_states import DialogOption, StateSource, ToldState
from xats_tui.core.model.panes import PaneState

logger = logging.getLogger(__name__)

LOOK_INTERVAL_S = 30.0
"""Time after which the threads are read again, although their server tells of changes."""
RETRY_DELAYS_S = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Delays before a server that could not be reached is tried again; the last one repeats."""
ANSWER_TIMEOUT_S = 5.0
"""Time for the server to say that a dialog is closed after an answer."""

UNWANTED = (
    "account/rateLimits/updated",
    "item/agentMessage/delta",
    "item/commandExecution/outputDelta",
    "item/commandExecution/terminalInteraction",
    "item/completed",
    "item/mcpToolCall/progress",
    "item/plan/delta",
    "item/reasoning/summaryPartAdded",
    "item/reasoning/summaryTextDelta",
    "item/reasoning/textDelta",
    "rawResponse/completed",
    "rawResponseItem/completed",
    "thread/readState/changed",
    "thread/started",
    "thread/tokenUsage/updated",
    "turn/diff/updated",
    "turn/plan/updated",
)
"""Notifications that the server need not send."""

FAILURES = (ServerUnreachable, NoReply, RequestRefused, MissingToken)

Server = tuple[str, str | None]
"""URL, and name of the token's variable."""


@dataclass(slots=True)
class _Asked:
    """An open request of the server."""

    request: Request
    over: asyncio.Event = field(default_factory=asyncio.Event)
    lost: bool = False
    """True if it is over because the server is not followed any more: what became of it is not known."""


class CodexFollower:
    """Follows the threads of one app-server."""

    def __init__(
        self, states: ClientStates, tokens: Tokens, server: Server, clock: Clock, answer_timeout_s: float
    ) -> None:
        self._states = states
        self._tokens = tokens
        self._url, self._token_ref = server
        self._clock = clock
        self._answer_timeout_s = answer_timeout_s
        self._agents: Mapping[str, str] = {}
        """Agent ids by thread."""
        self._changes: Counter[str] = Counter()
        """Number of changes that the server has told of, by thread."""
        self._told: dict[str, ToldState] = {}
        """Notes on each thread."""
        self._joined: dict[str, dict[str, Mapping[str, Any]]] = {}
        """Changes of files, by their item's id, of each thread that was joined."""
        self._open: dict[tuple[str, RequestId], _Asked] = {}
        self._stream: JsonRpcStream | None = None
        self._work: asyncio.Queue[Callable[[JsonRpcStream], Awaitable[None]]] = asyncio.Queue()

    def follow(self, agents: Mapping[str, str]) -> None:
        """Follow these threads from now on."""
        for thread_id, agent_id in self._agents.items():
            if agents.get(thread_id) != agent_id:
                self._forget(thread_id)
        new = [thread_id for thread_id, agent_id in agents.items() if self._agents.get(thread_id) != agent_id]
        self._agents = dict(agents)
        for thread_id in new:
            self._work.put_nowait(partial(self._look, thread_id=thread_id))

    async def run(self) -> None:
        """Connect, and again whenever the connection is lost, until cancelled."""
        failures = 0
        while True:
            try:
                token = self._tokens.named(self._token_ref, self._url)
                async with streaming(self._url, token, self._hear) as (stream, listening):
                    await shake_hands(stream, UNWANTED)
                    failures, self._stream = 0, stream
                    await self._work_off(stream, listening)
            except FAILURES as error:
                logger.debug("%s is not followed: %s", self._url, error)
            except Exception:
                logger.exception("following %s failed", self._url)
            finally:
                self._stream = None
                self._forget_all()
            await self._clock.sleep(RETRY_DELAYS_S[min(failures, len(RETRY_DELAYS_S) - 1)])
            failures += 1

    async def _work_off(self, stream: JsonRpcStream, listening: asyncio.Task[None]) -> None:
        """Do what the messages call for, and read all threads now and then, until the connection is lost."""
        while True:
            for thread_id in tuple(self._agents):
                await self._look(stream, thread_id)
            until = self._clock.monotonic() + LOOK_INTERVAL_S
            while self._clock.monotonic() < until:
                todo = asyncio.ensure_future(self._work.get())
                await asyncio.wait({todo, listening}, timeout=LOOK_INTERVAL_S, return_when=asyncio.FIRST_COMPLETED)
                if listening.done():
                    todo.cancel()
                    await listening  # raises what ended it
                if not todo.done():
                    todo.cancel()
                    break
                await todo.result()(stream)

    async def _look(self, stream: JsonRpcStream, thread_id: str) -> None:
        """Read the status of a thread; what the server says of it meanwhile is newer."""
        changes = self._changes[thread_id]
        try:
            status = thread_status(await read_thread(stream, thread_id))
        except RequestRefused:
            status = {}
        if changes == self._changes[thread_id]:
            self._note(thread_id, status, None)

    def _hear(self, message: Incoming) -> None:
        thread_id = message.params.get("threadId")
        if not isinstance(thread_id, str) or thread_id not in self._agents:
            return
        if message.method == "thread/status/changed":
            self._changes[thread_id] += 1
            status = message.params.get("status")
            self._note(thread_id, status if isinstance(status, dict) else {}, message.at_ms)
        elif message.method == "serverRequest/resolved":
            self._close(thread_id, message.params.get("requestId"))
        elif message.method == "item/started":
            item, changes = message.params.get("item"), self._joined.get(thread_id)
            if changes is not None and isinstance(item, dict) and item.get("type") == FILE_CHANGE:
                changes[str(item.get("id"))] = item
        elif message.request_id is not None and thread_of(message) is not None:
            self._ask(thread_id, message)

    def _note(self, thread_id: str, status: Mapping[str, Any], at_ms: int | None) -> None:
        """Write a thread's state to the board; join a thread that is at work, leave it afterwards."""
        if (agent_id := self._agents.get(thread_id)) is None:
            return
        now, kind, flags = self._clock.now(), status.get("type"), status.get("activeFlags") or []
        if kind not in (IDLE, ACTIVE) or not isinstance(flags, list):
            self._forget(thread_id)
            return
        asks = [flag for flag in flags if flag in ASKING]
        state = PaneState.IDLE if kind == IDLE else PaneState.DIALOG if asks else PaneState.BUSY
        detail = f"thread {kind}" + (f" ({', '.join(map(str, flags))})" if flags else "")
        told = self._told.get(thread_id)
        if told is None or (told.state, told.detail) != (state, detail):
            told = ToldState(state=state, detail=detail, source=StateSource.THREAD, at=at_of(at_ms) or now)
            self._told[thread_id] = told
        self._states.note(agent_id, StateSource.THREAD, told)
        if not asks:
            self._close_all(thread_id)
        if (state is not PaneState.IDLE) is not (thread_id in self._joined):
            self._work.put_nowait(partial(self._join_or_leave, thread_id=thread_id))

    async def _join_or_leave(self, stream: JsonRpcStream, thread_id: str) -> None:
        told = self._told.get(thread_id)
        is_at_work = told is not None and told.state is not PaneState.IDLE
        if is_at_work and thread_id not in self._joined:
            self._joined[thread_id] = {}
            try:
                await join_thread(stream, thread_id)  # the server asks again what is open
            except RequestRefused:
                self._joined.pop(thread_id, None)  # a thread that is being made: joined at its next change
        elif not is_at_work and self._joined.pop(thread_id, None) is not None:
            with suppress(RequestRefused):
                await stream.request("thread/unsubscribe", {"threadId": thread_id})

    def _ask(self, thread_id: str, message: Incoming) -> None:
        """Put a request onto the board as a dialog."""
        request_id, agent_id = message.request_id, self._agents[thread_id]
        if request_id is None:
            return
        item = self._joined.get(thread_id, {}).get(str(message.params.get("itemId")), {})
        asked = _Asked(request_of(message, item, agent_id, self._clock.now()))
        self._open[thread_id, request_id] = asked

        async def answer(option: DialogOption, text: str) -> None:
            await self._answer(asked, request_id, option)

        self._states.open_dialog(asked.request.dialog, answer)

    async def _answer(self, asked: _Asked, request_id: RequestId, option: DialogOption) -> None:
        """Give the server the reply of an option.

        Raises:
            Refusal: prompt_changed, answer_unseen.
        """
        if self._stream is None or asked.over.is_set():
            raise Refusal("prompt_changed")
        try:
            async with asyncio.timeout(self._answer_timeout_s):
                await self._stream.answer(request_id, asked.request.replies[option.number - 1])
                await asked.over.wait()
        except (ServerUnreachable, TimeoutError):
            raise Refusal("answer_unseen") from None
        if asked.lost:
            raise Refusal("answer_unseen")

    def _close(self, thread_id: str, request_id: object, *, lost: bool = False) -> None:
        if isinstance(request_id, int | str) and (asked := self._open.pop((thread_id, request_id), None)):
            asked.lost = lost
            asked.over.set()
            self._states.close_dialog(asked.request.dialog.id)

    def _close_all(self, thread_id: str, *, lost: bool = False) -> None:
        for one, request_id in tuple(self._open):
            if one == thread_id:
                self._close(thread_id, request_id, lost=lost)

    def _forget(self, thread_id: str) -> None:
        """Take what was told of a thread from the board."""
        self._close_all(thread_id, lost=True)
        self._joined.pop(thread_id, None)
        if self._told.pop(thread_id, None) and (agent_id := self._agents.get(thread_id)):
            self._states.note(agent_id, StateSource.THREAD, None)

    def _forget_all(self) -> None:
        for thread_id in tuple(self._agents):
            self._forget(thread_id)
        self._work = asyncio.Queue()
