"""All services of a coordinator in one record, for the tools and the operator's verbs."""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from xats_tui.backend.client_states import ClientStates
from xats_tui.backend.hook_reports import HookReports
from xats_tui.backend.mcp_sessions import McpSessions
from xats_tui.backend.services.agents.kept_sessions import KeptSessions
from xats_tui.backend.services.agents.presence import Presence
from xats_tui.backend.services.agents.recognition import Recognition
from xats_tui.backend.services.agents.registration import Registrar
from xats_tui.backend.services.agents.registry import Registry
from xats_tui.backend.services.agents.runtime_identity import RuntimeIdentity
from xats_tui.backend.services.agents.runtimes import Runtimes
from xats_tui.backend.services.agents.takeovers import Takeovers
from xats_tui.backend.services.contracts.book import ContractBook
from xats_tui.backend.services.messages import Mailbox
from xats_tui.backend.services.operator.held_dialogs import HeldDialogs
from xats_tui.backend.services.receipts import Receipts
from xats_tui.backend.services.search import Search
from xats_tui.backend.services.tasks import TaskBoard
from xats_tui.backend.services.wakes.channels import Channels
from xats_tui.backend.services.wakes.waker import Waker
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.system.tmux import Tmux
from xats_tui.core.clock import Clock
from xats_tui.core.model.agents import Agent


class Services(Struct, frozen=True, kw_only=True):
    """The services of one coordinator."""

    database: Database
    sessions: McpSessions
    kept_sessions: KeptSessions
    presence: Presence
    registry: Registry
    registrar: Registrar
    mailbox: Mailbox
    receipts: Receipts
    waker: Waker
    board: TaskBoard
    channels: Channels
    search: Search
    contracts: ContractBook
    identity: RuntimeIdentity
    recognition: Recognition
    runtimes: Runtimes
    takeovers: Takeovers
    reports: HookReports
    states: ClientStates
    held: HeldDialogs
    is_watched: Callable[[Agent], Awaitable[bool]]
    """Function that returns whether somebody can see a turn of an agent go on."""
    agent_in: Callable[[str], str | None]
    """The id of the agent in a client's session, as the client itself names it now; None if it does not tell."""
    tmux: Tmux
    clock: Clock
