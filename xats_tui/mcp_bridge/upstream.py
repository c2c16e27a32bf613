"""The connection to the coordinator: found, lost, found again, and told again who the agent is.

It knows which requests may be repeated.  It does not know the host, which should notice nothing of all this.
"""

import asyncio
import logging
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xats_tui.core.call_meta import BRIDGE, CALL_ID, INSTANCE, REPEATED, UNASKED
from xats_tui.mcp_bridge.coordinator_locator import START_TIMEOUT_S, CoordinatorLocator
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

TIMEOUT_S = 10.0
"""Seconds that a request waits for the coordinator to come back."""
START_AFTER_S = 4.0
"""Seconds that a request waits before a lost coordinator is replaced: whoever stopped it may be about to start it."""
FIRST_RETRY_S = 0.1
"""Seconds between two tries to connect; doubled each time."""
MAX_RETRY_S = 1.0
"""The longest such delay: with it an agent is registered again within two seconds of the port being back."""

FIRST_PAUSE, LAST_PAUSE = 1.0, 15.0
"""Seconds between two times that a name is asked for which somebody has."""

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
        "detect_tmux_pane",
    }
)
REPEATABLE = READ_ONLY | REGISTER | {BIND, UNREGISTER, "pre_register_codex_pane", "subscribe_contract", "get_inbox"}
"""Tools that may be called twice: the second call changes nothing that the first has not.  A repeated call says nothing
of whether the mail of an earlier answer has arrived.  Others are repeated only before a coordinator that keeps its
answers."""

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
"""Which tool tells what became of a call."""


def delays() -> Iterator[float]:
    """Seconds from one try to connect to the next, without end."""
    delay = FIRST_RETRY_S
    while True:
        yield delay
        delay = min(delay * 2, MAX_RETRY_S)


class Unavailable(Exception):
    """There is no answer, and there will be none; the text tells the agent why and what to do."""


@dataclass(eq=False, slots=True)
class Upstream:
    """Requests go in; behind it sessions come and go."""

    launcher: CoordinatorLocator
    token: str | None
    hear: Hear
    key_path: Path | None = None
    """The file of a key by which the coordinator may prove itself, besides the token."""
    introduction: RegistrationDefaults | None = None
    """What can be said of the agent, as far as it is known."""
    registration: RememberedRegistration = field(default_factory=RememberedRegistration)
    instance: str = field(default_factory=lambda: str(uuid.uuid4()))
    told: Mapping[str, Any] | None = None
    """What the coordinator answered when it was last told, unasked, who the agent is."""
    _turns: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One registration at a time: an unasked one must not come after what the model has called for."""
    _session: CoordinatorSession | None = None
    _settled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while there is a session, or a `_trouble` that makes waiting for one pointless."""
    _waiting_since: dict[object, float] = field(default_factory=dict)
    """The requests that wait for a session, each with the time at which it began to."""
    _server: Mapping[str, Any] | None = None
    """Name and version of the coordinator that was connected last; None while there was none."""
    _trouble: str = ""
    """Why the coordinator does not let us in, or could not be started; empty while there is hope."""

    @property
    def greeting(self) -> Mapping[str, Any] | None:
        """What the coordinator said of itself in the handshake; None while there is no session."""
        return self._session.greeting if self._session else None

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
        """Have the coordinator told who the agent is to be, on a new session and before anything else."""
        self.registration = RememberedRegistration(register=call, asked=False)
        if self._session is not None:
            self._lose(self._session)

    async def claim(self, call: Params) -> None:
        """Register as the configuration wishes, because the model calls something else.

        Raises:
            RpcError, Unavailable: there is no answer.
        """
        unasked = {**(call.get("_meta") or {}), UNASKED: "called"}
        self.told = await self.request("tools/call", {**call, "_meta": unasked})

    @property
    def is_turned_away(self) -> bool:
        """Whether the name that the configuration wishes is somebody's who lives."""
        return self.told is not None and error_of(self.told) == IN_USE

    def forget(self) -> None:
        """Tell no coordinator any more who the agent is: it is somebody else's name now."""
        self.registration = RememberedRegistration()

    async def connected(self, timeout: float) -> bool:
        """Whether there is a session, now or within so many seconds."""
        try:
            async with asyncio.timeout(timeout):
                await self._settled.wait()
        except TimeoutError:
            return False
        return self._session is not None

    async def request(self, method: str, params: Mapping[str, Any] | None) -> dict[str, Any]:
        """The coordinator's result, whatever happens to the connection meanwhile.

        Raises:
            RpcError: the coordinator answered with an error.
            Unavailable: it did not come back in time, or nobody knows what became of the request.
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
        """The result of a request, made once more in each new session until it is answered.

        Raises:
            Interrupted: it may have been carried out, and must not be made again.
        """
        deadline = asyncio.get_running_loop().time() + TIMEOUT_S
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
        """The result of a request as this coordinator wants it made: a registration with all that is known of us."""
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
            if not await self.connected(deadline - now) and self.launcher.is_starting:
                await self.connected(START_TIMEOUT_S)  # on a busy machine it takes its time, but it comes
        finally:
            del self._waiting_since[waiter]
        if self._session is None:
            why = self._trouble or "it does not answer"
            raise Unavailable(f"The xats coordinator cannot be reached: {why}.  Nothing was sent; try again later.")
        return self._session

    def _adopt(self, session: CoordinatorSession) -> None:
        """Give the session to the requests; the host hears if the tools may be others than those it was told of."""
        if self._server not in (None, session.greeting.get("serverInfo")):
            self.hear({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"})
        self._server = session.greeting.get("serverInfo")
        self._session = session
        self._trouble = ""
        self._settled.set()

    def _lose(self, session: CoordinatorSession) -> None:
        """Give the session to no further request."""
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
        """Whether a coordinator must be started: at first, and later when a request has waited for long enough.

        An idle agent starts none: the operator may have stopped the coordinator, or be about to start it with a screen.
        """
        now = asyncio.get_running_loop().time()
        return self._server is None or any(now - since >= START_AFTER_S for since in self._waiting_since.values())

    async def _try(self, url: str) -> CoordinatorSession | None:
        """A session that knows the agent, if the coordinator is there and lets us in."""
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
            log("told again: %s, answered %s", call["name"], result)
            if error_of(result) == IN_USE:
                if self.registration.asked:
                    self.forget()  # it was taken over meanwhile: the model learns of it with its next call
                return

    async def _stand_by(self, session: CoordinatorSession) -> None:
        """While another agent has the name that the configuration wishes, ask for it again and again."""
        pause = FIRST_PAUSE
        while self.is_turned_away and not self.registration.asked:
            await asyncio.sleep(pause)
            pause = min(2 * pause, LAST_PAUSE)
            async with self._turns:
                if not self.registration.asked and session is self._session:
                    await self._register_again(session)


def _unknown_outcome(call: Params) -> str:
    tool = str(call.get("name"))
    advice = f"call {ASK_INSTEAD[tool]} to see" if tool in ASK_INSTEAD else "look before you repeat it"
    return f"The coordinator went away during {tool}: it may or may not have been carried out; {advice}."
