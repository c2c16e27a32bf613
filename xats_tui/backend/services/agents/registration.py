"""Registration of agents: first every check that can refuse, then one transaction that writes everything.

The rules for an agent's delivery, channel and pane are here; other services find each of them.
"""

import asyncio
import logging
from datetime import datetime, timedelta

from xats_tui.backend.mcp_sessions import McpSession
from xats_tui.backend.services.agents.applications import (
    RegistrationCheck,
    RegistrationPlan,
    RegistrationRequest,
    RegistrationResult,
)
from xats_tui.backend.services.agents.process_clients import client_in, may_be
from xats_tui.backend.services.agents.recognition import NO_TRACES, FormerAgent, Recognition, Traces
from xats_tui.backend.services.agents.registry import Registry
from xats_tui.backend.services.agents.runtime_identity import NO_SINGLE_WINDOW, RuntimeIdentity
from xats_tui.backend.services.agents.runtimes import NameHolder, Runtimes, hosts_in
from xats_tui.backend.services.wakes.channels import Channels
from xats_tui.backend.services.wakes.codex_threads import CodexThreads
from xats_tui.backend.services.wakes.delivery import checked_delivery
from xats_tui.backend.store import agents
from xats_tui.backend.store import pre_registrations as announcements
from xats_tui.backend.store.agents import AgentRow
from xats_tui.backend.store.pre_registrations import PreRegistration
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.transactions import Reader, Transaction
from xats_tui.backend.system.processes import Process
from xats_tui.clients.registry import ANNOUNCED_CLIENT, CHANNEL_CLIENT, by_handshake, manifest_of
from xats_tui.core.clock import Clock
from xats_tui.core.errors import Refusal
from xats_tui.core.model.agents import CHANNEL_PROXY_ROLE, Agent, Binding, Delivery, DeliveryKind
from xats_tui.core.model.labels import CUSTOM, ClientId
from xats_tui.core.model.panes import PaneRef
from xats_tui.core.records import replace

logger = logging.getLogger(__name__)

LOOK_TIMEOUT_S = 1.6
"""Time for everything that is looked up before writing: a registration is answered within two seconds."""

ANNOUNCED = "pre_registration"
"""The evidence of a pane that a launcher has announced."""

TAKE_ANOTHER = "call register_agent with another name, or with this one to take it over"


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
        runtimes: Runtimes,
        clock: Clock,
    ) -> None:
        self._database = database
        self._registry = registry
        self._channels = channels
        self._identity = identity
        self._threads = threads
        self._recognition = recognition
        self._runtimes = runtimes
        self._clock = clock

    async def look(self, wanted: RegistrationCheck, session: McpSession) -> RegistrationPlan:
        """Collect what a registration needs, and refuse what is invalid; nothing is written.

        Raises:
            Refusal: ui_pid_client_mismatch, channel_session_id_ui_pid_mismatch, invalid_delivery,
                invalid_channel_session_id, forbidden_role, unknown_channel_session, and those of a Codex thread.
        """
        ends_at = asyncio.get_running_loop().time() + LOOK_TIMEOUT_S
        pid, is_host = wanted.own_ui, wanted.runtime.shows(wanted.own_ui)
        process = await self._identity.program(wanted.client, pid, is_host=is_host) if pid else None
        own_channel = await self._channel_of_pid(wanted)
        delivery = await self._delivery(wanted)
        if delivery is None and wanted.carried_channel is not None:
            own_channel = wanted.carried_channel
        channel = self._named_channel(wanted) or own_channel
        if channel is not None:
            delivery = Delivery(kind=DeliveryKind.CLAUDE_CHANNEL, address={"channel_session_id": channel})
        binding, announcement, unbound = await self._binding(wanted, ends_at)
        if binding is not None and process is not None:
            binding = _with_described_client(binding, process, wanted, is_host=is_host)
        must_be_free = wanted.own_ui is None and announcement is None
        if binding is not None:
            why_not = self._runtimes.why_not_bind
            unbound = await why_not(self._database, binding, session, must_be_free=must_be_free)
        if unbound:
            binding = announcement = None
        return RegistrationPlan(
            delivery=delivery,
            process=process,
            bound_channel=None if wanted.channel_session_id else own_channel,
            binding=binding,
            evidence=ANNOUNCED if announcement else binding.mode if binding else "",
            announcement=announcement,
            former=await self._former(wanted, delivery, process, binding),
            unbound=unbound,
            must_be_free=must_be_free,
            client=await self._client_of_kept(wanted),
            host_session=await self._host_session(wanted, delivery, session),
        )

    async def register(
        self, tx: Transaction, wanted: RegistrationCheck, found: RegistrationPlan, session: McpSession
    ) -> RegistrationResult:
        """Write the registration.

        Raises:
            Refusal: `name_in_use`: no model asked for it, and a living agent has the name.
        """
        if wanted.role == CHANNEL_PROXY_ROLE:
            return await self._register_proxy(tx, wanted, found)
        before = await agents.by_name(tx, wanted.team, wanted.name)
        holder = await self.check(tx, wanted, session)
        is_another = before is not None and not await self._runtimes.is_continued(tx, before, session, wanted.runtime)
        agent = await self._registry.register(tx, _row(wanted, found, is_another=is_another))
        binding = found.binding
        if found.announcement is not None and not await announcements.take(tx, found.announcement):
            binding = None  # another Codex was quicker
        if wanted.client == ANNOUNCED_CLIENT and wanted.ui_pid is None:
            await announcements.prune(tx)
        displaced = await self._runtimes.displaced(tx, agent, binding, wanted.runtime, session) if binding else ()
        if displaced and found.must_be_free:
            binding, displaced = None, ()  # another agent was quicker
        if binding is not None:
            agent = await self._registry.bind(tx, agent.agent_id, binding)
        elif agent.binding is not None and found.client not in (None, agent.client):
            agent = await self._registry.bind(tx, agent.agent_id, replace(agent.binding, client=found.client))
        for former in await self._runtimes.gone_on(tx, agent, session, wanted.runtime):
            agent = await self._registry.succeed(tx, former, agent)
        taken_over = (before,) if before is not None and holder is NameHolder.OTHER else ()
        return RegistrationResult(agent=agent, found=found, binding=binding, losers=(*taken_over, *displaced))

    async def check(self, reader: Reader, wanted: RegistrationCheck, session: McpSession) -> NameHolder:
        """Return who holds the name now, if the caller may have it.

        Raises:
            Refusal: `name_in_use`: no model asked for it, and a living agent has the name.
        """
        agent = await agents.by_name(reader, wanted.team, wanted.name)
        if agent is None:
            return NameHolder.NOBODY
        holder = await self._runtimes.holder(reader, agent, session, wanted.runtime)
        if wanted.succeeds == agent.agent_id and holder is NameHolder.OTHER:
            return NameHolder.NOBODY
        if not wanted.asked.may_have(holder):
            raise Refusal("name_in_use", detail=f"{agent.address} is {_where(agent)}, and is alive; {TAKE_ANOTHER}")
        return holder

    async def left_behind(self, wanted: RegistrationCheck, session: McpSession) -> str | None:
        """Return the id of the agent that has the name but works in no window any more, if there is one."""
        # This runs before the registration's transaction: asking the agent's program may take long.
        agent = await self._registry.by_name(wanted.team, wanted.name)
        if agent is None or agent.agent_id == session.agent_id:
            return None
        holder = await self._runtimes.holder(self._database, agent, session, wanted.runtime)
        return agent.agent_id if holder is NameHolder.OTHER and await self._runtimes.is_left(agent) else None

    async def announce(self, tx: Transaction, pane: PaneRef, mark: str, lifetime: timedelta) -> datetime:
        """Record that a Codex with this mark is about to run in a pane; return when the announcement expires."""
        await announcements.prune(tx)
        expires_at = tx.now + lifetime
        await announcements.put(tx, PreRegistration(pane=pane, mark=mark), expires_at)
        return expires_at

    async def bind_announced(self, agent_id: str, mark: str) -> None:
        """Bind the pane announced with this mark, if its Codex runs by now and the agent has no pane yet.

        A Codex with its own app-server registers before its screen is there.
        """
        announced = [one for one in await announcements.valid(self._database, self._clock.now()) if one.mark == mark]
        if found := await self._identity.by_announcement(announced):
            binding, announcement = found
            async with self._database.write() as tx:
                if await announcements.take(tx, announcement):
                    await self._registry.bind(tx, agent_id, binding)

    async def _former(
        self, wanted: RegistrationCheck, delivery: Delivery | None, process: Process | None, binding: Binding | None
    ) -> tuple[FormerAgent, ...]:
        """Return the agents that the registering runtime was before, if its call shows traces."""
        # A model's own arguments are no traces: it may guess.
        if wanted.role == CHANNEL_PROXY_ROLE or wanted.traces == NO_TRACES:
            return ()
        traces = Traces(
            ui_pid=process.pid if process and wanted.client != CUSTOM else wanted.traces.ui_pid,
            thread_id=(delivery.address.get("thread_id") if delivery else None) or wanted.traces.thread_id,
            host_session=wanted.traces.host_session,
            pane=binding.pane if binding else wanted.traces.pane,
        )
        return await self._recognition.of(traces, but=(wanted.team, wanted.name))

    async def _channel_of_pid(self, wanted: RegistrationCheck) -> str | None:
        """Return the channel of the caller's Claude Code; a channel that the caller names must be the same."""
        if wanted.client != CHANNEL_CLIENT or wanted.ui_pid is None or wanted.role == CHANNEL_PROXY_ROLE:
            return None
        csid = None
        for named, carrier in (await self._channels.of_ui_pid(wanted.ui_pid)).items():
            if await self._runtimes.may_carry(wanted.ui_pid, carrier):
                csid = named
                break
        if csid is not None and wanted.channel_session_id not in (None, csid):
            detail = {"ui_pid_matched_csid": csid, "supplied_csid": wanted.channel_session_id}
            raise Refusal("channel_session_id_ui_pid_mismatch", detail=detail)
        return csid

    async def _delivery(self, wanted: RegistrationCheck) -> Delivery | None:
        if wanted.delivery is not None:
            return checked_delivery(wanted.delivery)
        if wanted.codex is None:
            return None
        if wanted.needs_thread or wanted.codex.is_named:
            return await self._threads.resumed(wanted.codex)
        return await self._threads.own(wanted.codex.own)

    def _named_channel(self, wanted: RegistrationCheck) -> str | None:
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

    async def _client_of_kept(self, wanted: RegistrationCheck) -> ClientId | None:
        """Return the client that runs in the pane that the agent has so far."""
        agent = await self._registry.by_name(wanted.team, wanted.name)
        return await self._identity.client_of(agent.process) if agent and agent.binding and agent.process else None

    async def _host_session(
        self, wanted: RegistrationCheck, delivery: Delivery | None, session: McpSession
    ) -> str | None:
        """Return the caller's host session, unless a living agent already has that session."""
        host_session = wanted.host_session or _thread(wanted, delivery)
        for agent in await agents.by_host_session(self._database, host_session or ""):
            is_it = (agent.team, agent.name) == (wanted.team, wanted.name)
            holder = await self._runtimes.holder(self._database, agent, session, wanted.runtime)
            if not is_it and holder is NameHolder.OTHER:
                logger.warning("%s claims the host session of %s: claim ignored", wanted.name, agent.address)
                return None
        return host_session

    async def _binding(
        self, wanted: RegistrationCheck, ends_at: float
    ) -> tuple[Binding | None, PreRegistration | None, str]:
        """Find the pane that is proved to be the caller's; without one the registration still succeeds.

        The text is the reason why there is none, if the caller can do something about it.
        """
        try:
            async with asyncio.timeout_at(ends_at):
                return *await self._proved_pane(wanted), ""
        except TimeoutError:
            logger.info("%s was bound to no pane: tmux did not answer in time", wanted.name)
        except Refusal as refusal:
            logger.info("%s was bound to no pane: %s", wanted.name, refusal.code)
            if refusal.code == NO_SINGLE_WINDOW:
                return None, None, str(refusal.fields["detail"])
        return None, None, ""

    async def _proved_pane(self, wanted: RegistrationCheck) -> tuple[Binding | None, PreRegistration | None]:
        if wanted.role == CHANNEL_PROXY_ROLE:
            return None, None
        if (pid := wanted.own_ui) is not None:
            is_host, socket = wanted.runtime.shows(pid), wanted.tmux_socket
            return await self._identity.by_pid(wanted.client, pid, socket=socket, is_host=is_host), None
        if wanted.client == ANNOUNCED_CLIENT:
            announced = await announcements.valid(self._database, self._clock.now())
            # Several may start at once: each is recognised by its own mark.
            own = [one for one in announced if wanted.launch in (None, one.mark)]
            return await self._identity.by_announcement(own) or (None, None)
        if client := _served_from_afar(wanted):
            began = wanted.runtime.line[0].started_at
            return await self._identity.by_window(client, wanted.folder, began, socket=wanted.tmux_socket), None
        return None, None

    async def _register_proxy(
        self, tx: Transaction, wanted: RegistrationCheck, found: RegistrationPlan
    ) -> RegistrationResult:
        """Register a channel proxy; whoever is led to the channel of a program that it did not start is told."""
        csid = found.delivery.address.get("channel_session_id") if found.delivery else None
        proxy, led = await self._channels.register_proxy(
            tx, team=wanted.team, name=wanted.name, csid=csid, ui_pid=wanted.channel_ui_pid
        )
        told = () if wanted.runtime.runs_below(wanted.channel_ui_pid) else led
        losers = [agent for agent_id in told if (agent := await agents.by_id(tx, agent_id))]
        return RegistrationResult(agent=proxy, found=found, binding=None, losers=tuple(losers))


def _thread(wanted: RegistrationCheck, delivery: Delivery | None) -> str | None:
    """Return the Codex thread that an agent works on: the hooks of its program report under the thread's id."""
    named = delivery.address.get("thread_id") if delivery else None
    return named or (wanted.codex.own if wanted.codex else None)


def _where(agent: Agent) -> str:
    """Describe the holder of a name for a caller that wants the name."""
    where = f" in pane {agent.binding.pane.pane_id}" if agent.binding else ""
    process = f" (process {agent.process.pid})" if agent.process else ""
    return f"another {agent.client_name or agent.client or 'program'}{where}{process}"


def _described(wanted: RegistrationCheck) -> ClientId | None:
    """Return the client of a manifest that a custom caller's name belongs to: a bridge passes that of the handshake."""
    client = by_handshake(wanted.client_name) if wanted.client == CUSTOM and wanted.client_name else None
    return client if manifest_of(client) else None


def _served_from_afar(wanted: RegistrationCheck) -> ClientId | None:
    """Return the client of a manifest whose process without a terminal runs the caller's tools; None for any other.

    A bridge that registers again by itself may outlive its window.
    """
    if wanted.asked is not RegistrationRequest.EXPLICITLY:
        return None
    client, hosts = _described(wanted), hosts_in(wanted.runtime.line)
    is_afar = bool(hosts) and hosts[0].tty is None and client_in(hosts[0]) == client
    return client if is_afar else None


def _with_described_client(binding: Binding, process: Process, wanted: RegistrationCheck, *, is_host: bool) -> Binding:
    """Let a custom caller's name tell what its process is, where the process's own names do not."""
    client = _described(wanted)
    fits = client is not None and binding.client == CUSTOM and may_be(client, process, is_host=is_host)
    return replace(binding, client=client) if fits else binding


def _row(wanted: RegistrationCheck, found: RegistrationPlan, *, is_another: bool) -> AgentRow:
    """Build the agent's row; of unproven pids only Claude Code's is kept: its channel is found by that pid."""
    process = found.process
    shown = process is not None and wanted.runtime.shows(process.pid)
    named = wanted.ui_pid if wanted.client == CHANNEL_CLIENT else None
    pid = process.pid if process and shown else named
    return AgentRow(
        team=wanted.team,
        name=wanted.name,
        role=wanted.role,
        client=_described(wanted) or wanted.client,
        client_name=wanted.client_name,
        model=wanted.model,
        delivery=found.delivery,
        ui_pid=pid,
        ui_started_at=process.started_at if process and process.pid == pid else None,
        is_proved=shown,
        host_session=found.host_session,
        is_another=is_another,
    )
