"""Records of a registration: the request, the plan made from it, and the result."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

from xats_tui.backend.services.agents.recognition import NO_TRACES, FormerAgent, Traces
from xats_tui.backend.services.agents.runtimes import NameHolder, Runtime
from xats_tui.backend.services.wakes.codex_threads import CodexThread
from xats_tui.backend.store.pre_registrations import PreRegistration
from xats_tui.backend.system.processes import Process
from xats_tui.core.model.agents import Agent, Binding, Delivery, DeliveryKind
from xats_tui.core.model.labels import CUSTOM, ClientId

UNSEEN_RUNTIME = Runtime()


class RegistrationRequest(StrEnum):
    """The origin of a registration: a model's call, or a bridge whose configuration names the agent."""

    EXPLICITLY = "explicitly"
    WAITING = "waiting"
    """The bridge, before its model called anything; this may be a mere health check of the host's."""
    CALLED = "called"
    """The bridge, because its model called another tool."""
    AGAIN = "again"
    """The bridge, because the coordinator was restarted."""

    def may_have(self, holder: NameHolder) -> bool:
        """Return whether this request may take the name from its holder."""
        if self is RegistrationRequest.EXPLICITLY:
            return True
        return holder is NameHolder.NOBODY or (holder is NameHolder.SAME and self is not RegistrationRequest.WAITING)


class RegistrationCheck(Struct, frozen=True, kw_only=True):
    """The arguments of a registration; only the labels have been checked so far."""

    team: str
    name: str
    role: str
    client: ClientId
    model: str
    client_name: str | None = None
    ui_pid: int | None = None
    folder: str | None = None
    """The working directory that the model itself named, if its bridge cannot know it."""
    claimed_ui: int | None = None
    """With client custom: the pid of the user interface that the bridge found among its parents."""
    tmux_socket: str = ""
    """The tmux server of the agent's pane."""
    host_session: str | None = None
    traces: Traces = NO_TRACES
    """Evidence about the runtime in the call, by which the coordinator recognises it."""
    delivery: Mapping[str, Any] | None = None
    """The delivery as the caller describes it, unchecked."""
    codex: CodexThread | None = None
    """With client codex: the thread, as far as the caller named it."""
    needs_thread: bool = False
    """True if the registration must fail without a Codex thread that can be resumed."""
    channel_session_id: str | None = None
    launch: str | None = None
    """The mark of the launch that started the program, as its bridge reports it."""
    carried_channel: str | None = None
    """The id of the channel that the calling session offers, for an agent without a delivery."""
    channel_ui_pid: int | None = None
    """With the role of a channel proxy: the pid of its Claude Code."""
    runtime: Runtime = UNSEEN_RUNTIME
    """The registering runtime, as far as the coordinator can see it."""
    asked: RegistrationRequest = RegistrationRequest.EXPLICITLY
    succeeds: str | None = None
    """The id of the agent with that name, if it works in no window any more: its user has gone on elsewhere."""

    @property
    def own_ui(self) -> int | None:
        """The pid that the caller names as its user interface."""
        return self.claimed_ui if self.client == CUSTOM else self.ui_pid


class RegistrationPlan(Struct, frozen=True, kw_only=True):
    """Everything that a registration will write, collected beforehand."""

    delivery: Delivery | None
    process: Process | None
    """The process of `ui_pid`, if it lives."""
    bound_channel: str | None
    """The id of the channel that was found by `ui_pid`, or that the session itself offers."""
    binding: Binding | None
    evidence: str
    """The evidence for the binding."""
    announcement: PreRegistration | None
    """The announcement that the binding uses up."""
    former: tuple[FormerAgent, ...]
    """The other agents that this runtime was before."""
    client: ClientId | None = None
    """The client in the pane that the agent has so far, if it can be recognised."""
    host_session: str | None = None
    """The session id of its program; the program's hooks report under this id."""
    unbound: str = ""
    """The reason why no pane is bound, if one might be: it belongs to a living agent, or several come into question."""
    must_be_free: bool = False
    """True if the pane is not bound once another living agent has it."""


class RegistrationResult(Struct, frozen=True, kw_only=True):
    """The result of a registration."""

    agent: Agent
    """The agent as its row is now."""
    found: RegistrationPlan
    binding: Binding | None
    """The pane that this registration has bound."""
    losers: tuple[Agent, ...] = ()
    """Living agents that lost something: the same agent in another runtime, or the agent that had the pane."""

    @property
    def is_reachable(self) -> bool:
        """True if there is any way to wake the agent."""
        return self.agent.binding is not None or self.agent.delivery.kind is not DeliveryKind.NONE
