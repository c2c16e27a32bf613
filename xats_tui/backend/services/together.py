"""All services together, as the tools and the operator's verbs work with them."""

from dataclasses import dataclass

from xats_tui.backend.clock import Clock
from xats_tui.backend.reports import Reports
from xats_tui.backend.services.agents import Registry
from xats_tui.backend.services.channels import Channels
from xats_tui.backend.services.contracts import ContractBook
from xats_tui.backend.services.kept_sessions import KeptSessions
from xats_tui.backend.services.messages import Mailbox
from xats_tui.backend.services.presence import Presence
from xats_tui.backend.services.receipts import Receipts
from xats_tui.backend.services.recognition import Recognition
from xats_tui.backend.services.registration import Registrar
from xats_tui.backend.services.runtime_identity import RuntimeIdentity
from xats_tui.backend.services.runtimes import Runtimes
from xats_tui.backend.services.takeovers import Takeovers
from xats_tui.backend.services.tasks import TaskBoard
from xats_tui.backend.services.wakes import Waker
from xats_tui.backend.sessions import Sessions
from xats_tui.backend.store.database import Database
from xats_tui.backend.tmux import Tmux


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What works in one coordinator."""

    database: Database
    sessions: Sessions
    kept_sessions: KeptSessions
    presence: Presence
    registry: Registry
    registrar: Registrar
    mailbox: Mailbox
    receipts: Receipts
    waker: Waker
    board: TaskBoard
    channels: Channels
    contracts: ContractBook
    identity: RuntimeIdentity
    recognition: Recognition
    runtimes: Runtimes
    takeovers: Takeovers
    reports: Reports
    tmux: Tmux
    clock: Clock
