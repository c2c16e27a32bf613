"""The order of work of a registration: whatever can refuse it comes first, then everything is written at once.

It knows the rules of what an agent is given (a delivery, a channel, a pane); how each is found is for others.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from xats_tui.backend.clock import Clock
from xats_tui.backend.errors import Refusal
from xats_tui.backend.model.agents import CHANNEL_PROXY_ROLE, Agent, Binding, Client, Delivery, DeliveryKind
from xats_tui.backend.model.panes import PaneRef
from xats_tui.backend.processes import Process
from xats_tui.backend.services.agents import Registry
from xats_tui.backend.services.channels import Channels
from xats_tui.backend.services.codex_threads import CodexThread, CodexThreads
from xats_tui.backend.services.delivery import checked_delivery
from xats_tui.backend.services.recognition import NO_TRACES, Former, Recognition, Traces
from xats_tui.backend.services.runtime_identity import RuntimeIdentity
from xats_tui.backend.store import pre_registrations as announcements
from xats_tui.backend.store.agents import Registration
from xats_tui.backend.store.database import Database
from xats_tui.backend.store.pre_registrations import PreRegistration
from xats_tui.backend.store.transactions import Transaction

logger = logging.getLogger(__name__)

LOOK_DEADLINE_S = 1.9
"""For all that is looked for before anything is written: a registration is answered within two seconds."""

ANNOUNCED = "pre_registration"
"""The evidence of a pane that its launcher has announced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What a program asks for when it registers; the labels have been checked, nothing else has."""

    team: str
    name: str
    role: str
    client: Client
    model: str
    client_name: str | None = None
    ui_pid: int | None = None
    claimed_ui: int | None = None
    """With client custom: the pid of the user interface that its bridge has found above itself."""
    tmux_socket: str = ""
    """The tmux server that its pane is on."""
    host_session: str | None = None
    traces: Traces = NO_TRACES
    """What the call shows of the runtime, by which it is known again."""
    delivery: Mapping[str, Any] | None = None
    """As the caller describes it."""
    codex: CodexThread | None = None
    """With client codex: the thread, as far as it is named."""
    needs_thread: bool = False
    """Whether the registration is to fail without a Codex thread that can be resumed."""
    channel_session_id: str | None = None
    launch: str | None = None
    """The mark of the launch that started the program, as its bridge says."""
    carried_channel: str | None = None
    """The csid of the channel that the calling session itself carries to its host, for an agent without a delivery."""
    channel_ui_pid: int | None = None
    """With the role of a channel proxy: the Claude Code that it belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a registration will write, found out beforehand."""

    delivery: Delivery | None
    process: Process | None
    """Behind `ui_pid`, if it lives."""
    bound_channel: str | None
    """The csid of the channel that was found by `ui_pid`, or that the session carries itself."""
    binding: Binding | None
    evidence: str
    """What proves the binding."""
    announcement: PreRegistration | None
    """What the binding uses up."""
    former: tuple[Former, ...]
    """The other agents that this runtime was before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What a registration came to."""

    agent: Agent
    """As its row is now."""
    found: Found
    binding: Binding | None
    """The pane that this registration has bound."""

    @property
    def is_reachable(self) -> bool:
        """Whether there is any way to wake the agent."""
        return self.agent.binding is not None or self.agent.delivery.kind is not DeliveryKind.NONE


class Registrar:
    """Registers agents and channel proxies."""

    def __init__(
        self,
        database: Database,
        registry: Registry,
        channels: Channels,
        identity: RuntimeIdentity,
        threads: CodexThreads,
        recognition: Recognition,
        clock: Clock,
    ) -> None:
        self._database = database
        self._registry = registry
        self._channels = channels
        self._identity = identity
        self._threads = threads
        self._recognition = recognition
        self._clock = clock

    async def look(self, wanted: Application) -> Found:
        """Find out all that a registration needs, and refuse what cannot be; nothing is written.

        Raises:
            Refusal: ui_pid_client_mismatch, channel_session_id_ui_pid_mismatch, invalid_delivery,
                invalid_channel_session_id, forbidden_role, unknown_channel_session, and those of a Codex thread.
        """
        ends_at = asyncio.get_running_loop().time() + LOOK_DEADLINE_S
        process = await self._identity.program(wanted.client, wanted.ui_pid) if wanted.ui_pid else None
        own_channel = await self._channel_of_pid(wanted)
        delivery = await self._delivery(wanted)
        if delivery is None and wanted.carried_channel is not None:
            own_channel = wanted.carried_channel
        channel = self._named_channel(wanted) or own_channel
        if channel is not None:
            delivery = Delivery(kind=DeliveryKind.CLAUDE_CHANNEL, address={"channel_session_id": channel})
        binding, announcement = await self._binding(wanted, ends_at)
        return Found(
            delivery=delivery,
            process=process,
            bound_channel=None if wanted.channel_session_id else own_channel,
            binding=binding,
            evidence=ANNOUNCED if announcement else binding.mode if binding else "",
            announcement=announcement,
            former=await self._former(wanted, delivery, process, binding),
        )

    async def register(self, tx: Transaction, wanted: Application, found: Found) -> Registered:
        """Write what was asked for and found."""
        if wanted.role == CHANNEL_PROXY_ROLE:
            return Registered(agent=await self._register_proxy(tx, wanted, found), found=found, binding=None)
        agent = await self._registry.register(tx, _row(wanted, found))
        binding = found.binding
        if found.announcement is not None and not await announcements.take(tx, found.announcement):
            binding = None  # another Codex was quicker
        if wanted.client is Client.CODEX and wanted.ui_pid is None:
            await announcements.prune(tx)
        if binding is not None:
            agent = await self._registry.bind(tx, agent.agent_id, binding)
        return Registered(agent=agent, found=found, binding=binding)

    async def announce(self, tx: Transaction, pane: PaneRef, mark: str, lifetime: timedelta) -> datetime:
        """Note that a Codex with this mark is about to run in a pane; until when that counts."""
        await announcements.prune(tx)
        expires_at = tx.now + lifetime
        await announcements.put(tx, PreRegistration(pane=pane, mark=mark), expires_at)
        return expires_at

    async def bind_announced(self, agent_id: str, mark: str) -> None:
        """Bind the pane that was announced with this mark, if its Codex runs by now and the agent has none yet.

        With an app-server of its own the agent registers before the screen is there.
        """
        announced = [one for one in await announcements.valid(self._database, self._clock.now()) if one.mark == mark]
        if found := await self._identity.by_announcement(announced):
            binding, announcement = found
            async with self._database.write() as tx:
                if await announcements.take(tx, announcement):
                    await self._registry.bind(tx, agent_id, binding)

    async def _former(
        self, wanted: Application, delivery: Delivery | None, process: Process | None, binding: Binding | None
    ) -> tuple[Former, ...]:
        """Who the runtime was that registers now, if its call shows traces; what a model passes may be a guess."""
        if wanted.role == CHANNEL_PROXY_ROLE or wanted.traces == NO_TRACES:
            return ()
        traces = Traces(
            ui_pid=process.pid if process and wanted.client is not Client.CUSTOM else wanted.traces.ui_pid,
            thread_id=(delivery.address.get("thread_id") if delivery else None) or wanted.traces.thread_id,
            host_session=wanted.traces.host_session,
            pane=binding.pane if binding else wanted.traces.pane,
        )
        return await self._recognition.of(traces, but=(wanted.team, wanted.name))

    async def _channel_of_pid(self, wanted: Application) -> str | None:
        """The channel of the Claude Code that the caller runs in; one that it names must be the same."""
        if wanted.client is not Client.CLAUDE_CODE or wanted.ui_pid is None or wanted.role == CHANNEL_PROXY_ROLE:
            return None
        csid = await self._channels.of_ui_pid(wanted.ui_pid)
        if csid is not None and wanted.channel_session_id not in (None, csid):
            detail = {"ui_pid_matched_csid": csid, "supplied_csid": wanted.channel_session_id}
            raise Refusal("channel_session_id_ui_pid_mismatch", detail=detail)
        return csid

    async def _delivery(self, wanted: Application) -> Delivery | None:
        if wanted.delivery is not None:
            return checked_delivery(wanted.delivery)
        if wanted.codex is None:
            return None
        if wanted.needs_thread or wanted.codex.is_named:
            return await self._threads.resumed(wanted.codex)
        return await self._threads.own(wanted.codex.own)

    def _named_channel(self, wanted: Application) -> str | None:
        if wanted.channel_session_id is None:
            return None
        csid = wanted.channel_session_id.strip()
        if not csid:
            raise Refusal("invalid_channel_session_id")
        if wanted.role == CHANNEL_PROXY_ROLE:
            raise Refusal("forbidden_role")
        if not self._channels.is_live(csid):
            raise Refusal("unknown_channel_session")
        return csid

    async def _binding(self, wanted: Application, ends_at: float) -> tuple[Binding | None, PreRegistration | None]:
        """Find the pane that is proved to be the caller's; a registration does not fail for want of one."""
        try:
            async with asyncio.timeout_at(ends_at):
                return await self._proved_pane(wanted)
        except TimeoutError:
            logger.info("%s is bound to no pane: tmux is slow", wanted.name)
        except Refusal as refusal:
            logger.info("%s is bound to no pane: %s", wanted.name, refusal.code)
        return None, None

    async def _proved_pane(self, wanted: Application) -> tuple[Binding | None, PreRegistration | None]:
        if wanted.role == CHANNEL_PROXY_ROLE:
            return None, None
        pid = wanted.claimed_ui if wanted.client is Client.CUSTOM else wanted.ui_pid
        if pid is not None:
            return await self._identity.by_pid(wanted.client, pid, socket=wanted.tmux_socket), None
        if wanted.client is Client.CODEX:
            announced = await announcements.valid(self._database, self._clock.now())
            # Of several that start at once each is told by its own mark.
            own = [one for one in announced if wanted.launch in (None, one.mark)]
            return await self._identity.by_announcement(own) or (None, None)
        return None, None

    async def _register_proxy(self, tx: Transaction, wanted: Application, found: Found) -> Agent:
        csid = found.delivery.address.get("channel_session_id") if found.delivery else None
        return await self._channels.register_proxy(
            tx, team=wanted.team, name=wanted.name, csid=csid, ui_pid=wanted.channel_ui_pid
        )


def _row(wanted: Application, found: Found) -> Registration:
    """Of the pid only Claude Code's is kept unproved: by it its channel finds the agent."""
    keeps_pid = wanted.client is Client.CLAUDE_CODE
    return Registration(
        team=wanted.team,
        name=wanted.name,
        role=wanted.role,
        client=wanted.client,
        client_name=wanted.client_name,
        model=wanted.model,
        delivery=found.delivery,
        ui_pid=wanted.ui_pid if keeps_pid else None,
        ui_started_at=found.process.started_at if keeps_pid and found.process else None,
        host_session=wanted.host_session,
    )
