"""What is asked for when an agent registers, what is found out about it, and what it comes to."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from xats_tui.backend.services.agents.recognition import NO_TRACES, FormerAgent, Traces
from xats_tui.backend.services.agents.runtimes import NameHolder, Runtime
from xats_tui.backend.services.wakes.codex_threads import CodexThread
from xats_tui.backend.store.pre_registrations import PreRegistration
from xats_tui.backend.system.processes import Process
from xats_tui.core.model.agents import Agent, Binding, Client, Delivery, DeliveryKind

UNSEEN_RUNTIME = Runtime()


class RegistrationRequest(StrEnum):
    """Who wants a registration: a model that calls for it, or a bridge whose configuration names the agent."""

    EXPLICITLY = "explicitly"
    WAITING = "waiting"
    """The bridge, before its model has called anything: a health check of the host's may be behind it."""
    CALLED = "called"
    """The bridge, because its model has called something else."""
    AGAIN = "again"
    """The bridge, because the coordinator was restarted."""

    def may_have(self, holder: NameHolder) -> bool:
        """Whether the name may be had from whoever has it."""
        if self is RegistrationRequest.EXPLICITLY:
            return True
        return holder is NameHolder.NOBODY or (holder is NameHolder.SAME and self is not RegistrationRequest.WAITING)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationCheck:
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
    runtime: Runtime = UNSEEN_RUNTIME
    """What registers, as far as it can be seen."""
    asked: RegistrationRequest = RegistrationRequest.EXPLICITLY
    succeeds: str | None = None
    """The agent of that name, if it works in no window any more: whoever had it has gone on elsewhere."""

    @property
    def own_ui(self) -> int | None:
        """The process that it names as its user interface."""
        return self.claimed_ui if self.client is Client.CUSTOM else self.ui_pid


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationPlan:
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
    former: tuple[FormerAgent, ...]
    """The other agents that this runtime was before."""
    client: Client | None = None
    """What runs in the pane that the agent has so far, if its names tell."""
    host_session: str | None = None
    """The session of its program, by whose name hooks speak of it."""
    in_use: str = ""
    """Why the pane of its process is not bound: the agent that lives there has shown that it is its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationResult:
    """What a registration came to."""

    agent: Agent
    """As its row is now."""
    found: RegistrationPlan
    binding: Binding | None
    """The pane that this registration has bound."""
    losers: tuple[Agent, ...] = ()
    """Whoever lives and lost something: the agent itself as another runtime ran it, one that had its pane."""

    @property
    def is_reachable(self) -> bool:
        """Whether there is any way to wake the agent."""
        return self.agent.binding is not None or self.agent.delivery.kind is not DeliveryKind.NONE
