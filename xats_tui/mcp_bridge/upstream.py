"""The connection to the coordinator: found, lost, found again, and told again about the agent.

It decides which requests may be repeated; the host notices nothing of a reconnection.
"""

import asyncio
import logging
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xats_tui import __version__
from xats_tui.core.call_meta import BRIDGE, CALL_ID, INSTANCE, REPEATED, UNASKED
from xats_tui.mcp_bridge.coordinator_locator import START_TIMEOUT_S, CoordinatorLocator
from xats_tui.mcp_bridge.host.initialize import SERVER_NAME
from xats_tui.mcp_bridge.registration import (
    BIND,
    IN_USE,
    REGISTER,
    UNREGISTER,
    Params,
    RememberedRegistration,
    error_of,
    succeeded,
)
from xats_tui.mcp_bridge.registration_defaults import RegistrationDefaults
from xats_tui.mcp_bridge.session import (
    CoordinatorFull,
    CoordinatorSession,
    Hear,
    Interrupted,
    NoCoordinator,
    NotReached,
    RpcError,
    TokenRefused,
)

logger = logging.getLogger(__name__)

OURS: Mapping[str, Any] = {"name": SERVER_NAME, "version": __version__}
"""Name and version of a coordinator of our version."""

TIMEOUT_S = 10.0
"""Time that a request waits for the coordinator to come back."""
START_AFTER_S = 4.0
"""Time that a request waits before a lost coordinator is replaced: the person who stopped it may be restarting it."""
FIRST_RETRY_S = 0.1
"""Time between two tries to connect; doubled after each try."""
MAX_RETRY_S = 1.0
"""Longest time between two tries: an agent is registered again within two seconds after the port is back."""

FIRST_PAUSE, LAST_PAUSE = 1.0, 15.0
"""Time between two requests for a name that another agent holds: the first one, and the longest one."""

READ_ONLY = frozenset(
    {
        "echo",
        "whoami",
        "list_agents",
        "task_list",
        "get_contract",
        "diff_contracts",
        "pending_contract_events",
        "get_delivery_status",
        "search_messages",
        "detect_tmux_pane",
    }
)
REPEATABLE = READ_ONLY | REGISTER | {BIND, UNREGISTER, "pre_register_codex_pane", "subscribe_contract", "get_inbox"}
"""Tools that may be called twice, because the second call changes nothing more.  A repeated call proves nothing about
the arrival of an earlier answer's messages.  Other tools are repeated only at a coordinator that keeps its answers.
"""

ASK_INSTEAD = {
    "send_message": "get_delivery_status",
    "send_message_by_id": "get_delivery_status",
    "broadcast": "get_delivery_status",
    "broadcast_to_role": "get_delivery_status",
    "task_add": "task_list",
    "task_claim": "task_list",
    "task_complete": "task_list",
    "register_contract": "get_contract",
}
"""The tool that tells the outcome of a call."""


def delays() -> Iterator[float]:
    """Yield the seconds between tries to connect, without end."""
    delay = FIRST_RETRY_S
    while True:
        yield delay
        delay = min(delay * 2, MAX_RETRY_S)


class Unavailable(Exception):
    """No answer will come; the text tells the agent why and what to do."""


@dataclass(eq=False, slots=True)
class Upstream:
    """Carries requests to the coordinator, over one session after the other."""

    launcher: CoordinatorLocator
    token: str | None
    hear: Hear
    key_path: Path | None = None
    """The file with a key that the coordinator may prove itself with, besides the token."""
    has_shown_tools: Callable[[], bool] = lambda: False
    """Tells whether the host was shown the tools of a coordinator of our version before the first connection."""
    timeout_s: float = TIMEOUT_S
    """Time that a request waits for the coordinator to come back."""
    introduction: RegistrationDefaults | None = None
    """All that is known about the agent so far."""
    registration: RememberedRegistration = field(default_factory=RememberedRegistration)
    instance: str = field(default_factory=lambda: str(uuid.uuid4()))
    told: Mapping[str, Any] | None = None
    """The coordinator's answer to the last registration that no model asked for."""
    _turns: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Serialises registrations: a late unasked one must not undo the model's own."""
    _session: CoordinatorSession | None = None
    _settled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while there is a session, or a `_trouble` that makes waiting pointless."""
    _waiting_since: dict[object, float] = field(default_factory=dict)
    """The requests that wait for a session, each with the time when it began to wait."""
    _server: Mapping[str, Any] | None = None
    """Name and version of the coordinator that was connected last; None before the first connection."""
    _trouble: str = ""
    """The reason why the coordinator refuses us or could not be started; empty while there is none."""

    @property
    def greeting(self) -> Mapping[str, Any] | None:
        """The coordinator's answer to the handshake; None without a session."""
        return self._session.greeting if self._session else None

    @property
    def has_our_version(self) -> bool:
        """True if the coordinator that was connected last has the version of this bridge."""
        return self._server == OURS

    async def run(self) -> None:
        """Keep a session open until cancelled."""
        while True:
            session = await self._connect()
            self._adopt(session)
            standing_by = asyncio.create_task(self._stand_by(session))
            try:
                await session.until_lost()
            finally:
                self._lose(session)
                standing_by.cancel()
                await asyncio.gather(standing_by, return_exceptions=True)
                await asyncio.shield(session.close())
            logger.info("the session with the coordinator was lost")
            await asyncio.sleep(FIRST_RETRY_S)

    def introduce(self, call: Params) -> None:
        """Register the agent on a new session, before anything else."""
        self.registration = RememberedRegistration(register=call, asked=False)
        if self._session is not None:
            self._lose(self._session)

    async def claim(self, call: Params) -> None:
        """Register as the configuration wishes, because the model's first call was another tool.

        Raises:
            RpcError, Unavailable: there is no answer.
        """
        unasked = {**(call.get("_meta") or {}), UNASKED: "called"}
        self.told = await self.request("tools/call", {**call, "_meta": unasked})

    @property
    def is_turned_away(self) -> bool:
        """True if a living agent holds the name from the configuration."""
        return self.told is not None and error_of(self.told) == IN_USE

    def forget(self) -> None:
        """Stop registering again: the name belongs to another agent now."""
        self.registration = RememberedRegistration()

    async def connected(self, timeout: float) -> bool:
        """Return whether there is a session, now or within `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                await self._settled.wait()
        except TimeoutError:
            return False
        return self._session is not None

    async def request(self, method: str, params: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return the coordinator's result, across reconnections.

        Raises:
            RpcError: the coordinator answered with an error.
            Unavailable: it did not come back in time, or the outcome is unknown.
        """
        if method != "tools/call" or params is None:
            return await self._carried_out(method, params, repeatable=True)
        call = {**params, "_meta": {**(params.get("_meta") or {}), CALL_ID: str(uuid.uuid4())}}
        async with self._turns if call.get("name") in REGISTER else nullcontext():
            try:
                result = await self._carried_out(method, call, repeatable=call.get("name") in REPEATABLE)
            except Interrupted as error:
                raise Unavailable(_unknown_outcome(call)) from error
            self.registration = self.registration.after(call, result)
        return result

    async def _carried_out(self, method: str, params: Params | None, *, repeatable: bool) -> dict[str, Any]:
        """Return the result of a request, repeated in each new session until it is answered.

        Raises:
            Interrupted: it may have been carried out and must not be repeated.
        """
        deadline = asyncio.get_running_loop().time() + self.timeout_s
        broken: Interrupted | None = None
        while True:
            try:
                session = await self._session_before(deadline)
            except Unavailable as error:
                raise broken or error from None
            if broken and not (repeatable or session.keeps_calls):
                raise broken
            try:
                return await self._made(session, method, params, repeated=broken is not None)
            except NotReached:
                self._lose(session)
            except Interrupted as error:
                self._lose(session)
                if not (repeatable or session.keeps_calls):
                    raise
                broken = error

    async def _made(
        self, session: CoordinatorSession, method: str, params: Params | None, *, repeated: bool = False
    ) -> dict[str, Any]:
        """Return the result of a request; a registration is completed with everything known about the agent."""
        if method != "tools/call" or params is None:
            return await session.request(method, params)
        claims = self.introduction.claims if self.introduction else {}
        own = {**claims, INSTANCE: self.instance, BRIDGE: os.getpid()} | ({REPEATED: True} if repeated else {})
        call: Params = {**params, "_meta": {**(params.get("_meta") or {}), **own}}
        if self.introduction and call.get("name") in REGISTER:
            offered = (await session.request("tools/list", None)).get("tools") or ()
            call = self.introduction.completed(call, offered)
        return await session.request(method, call)

    async def _session_before(self, deadline: float) -> CoordinatorSession:
        waiter = object()
        now = asyncio.get_running_loop().time()
        self._waiting_since[waiter] = now
        try:
            is_there = await self.connected(deadline - now)
            if not is_there and (self.launcher.is_starting or self.launcher.has_just_come):
                await self.connected(START_TIMEOUT_S)  # a start on a busy machine takes its time, but succeeds
        finally:
            del self._waiting_since[waiter]
        if self._session is None:
            why = self._trouble or "it does not answer"
            raise Unavailable(f"The xats coordinator cannot be reached: {why}.  Nothing was sent; try again later.")
        return self._session

    def _adopt(self, session: CoordinatorSession) -> None:
        """Offer the session to requests; tell the host if the coordinator changed, because its tools may differ."""
        before = self._server or (OURS if self.has_shown_tools() else None)
        if before not in (None, session.greeting.get("serverInfo")):
            self.hear({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"})
        self._server = session.greeting.get("serverInfo")
        self._session = session
        self._trouble = ""
        self._settled.set()

    def _lose(self, session: CoordinatorSession) -> None:
        """Offer the session to no further request."""
        session.lose()
        if self._session is session:
            self._session = None
            self._settled.clear()

    async def _connect(self) -> CoordinatorSession:
        rests = delays()
        while True:
            self._trouble = ""
            if (url := self.launcher.find()) and (session := await self._try(url)):
                return session
            self._trouble = self._trouble or self.launcher.complaint
            if self._trouble:
                self._settled.set()
            if self._is_wanted():
                self.launcher.start()
            rest = next(rests)
            await asyncio.sleep(FIRST_RETRY_S if self.launcher.is_starting else rest)

    def _is_wanted(self) -> bool:
        """Return whether a coordinator must be started: at first, and later once a request has waited long enough."""
        # An idle agent starts none: the operator may have stopped the coordinator, or be about to start a dashboard.
        now = asyncio.get_running_loop().time()
        return self._server is None or any(now - since >= START_AFTER_S for since in self._waiting_since.values())

    async def _try(self, url: str) -> CoordinatorSession | None:
        """Return a session that knows the agent, or None if the coordinator cannot be reached or refuses."""
        session = CoordinatorSession(url, self.token, self.hear, key_path=self.key_path)
        try:
            await session.open()
            await self._register_again(session)
        except (NotReached, Interrupted, RpcError) as error:
            if isinstance(error, TokenRefused | NoCoordinator | CoordinatorFull | RpcError):
                self._trouble = str(error)
            logger.debug("no session: %s", error)
            await session.close()
            return None
        except BaseException:
            await asyncio.shield(session.close())
            raise
        return session

    async def _register_again(self, session: CoordinatorSession) -> None:
        unasked = {UNASKED: "again" if self.registration.asked else "waiting"}
        for call in self.registration.calls:
            again = {**call, "_meta": {**(call.get("_meta") or {}), **unasked}}
            result = await self._made(session, "tools/call", again)
            if call is self.registration.register:
                self.told = result
            log = logger.info if succeeded(result) else logger.warning
            log("registered again: %s, answered %s", call["name"], result)
            if error_of(result) == IN_USE:
                if self.registration.asked:
                    self.forget()  # taken over meanwhile: the model learns it from its next call
                return

    async def _stand_by(self, session: CoordinatorSession) -> None:
        """Ask for the configured name again and again while another agent holds it."""
        pause = FIRST_PAUSE
        while self.is_turned_away and not self.registration.asked:
            await asyncio.sleep(pause)
            pause = min(2 * pause, LAST_PAUSE)
            async with self._turns:
                if not self.registration.asked and session is self._session:
                    await self._register_again(session)


def _unknown_outcome(call: Params) -> str:
    tool = str(call.get("name"))
    advice = f"call {ASK_INSTEAD[tool]} to see" if tool in ASK_INSTEAD else "check before you repeat it"
    return f"The coordinator went away during {tool}: it may or may not have been carried out; {advice}."
