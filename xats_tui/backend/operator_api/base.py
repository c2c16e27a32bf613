"""What every verb is made of: the services that it works with, its arguments, its answer.

A verb is a function from services and checked arguments to an answer.  It raises a Refusal when it cannot be done, and
knows nothing of requests, credentials or read-only mode.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from xats_tui.backend.services.agents.registry import Registry
from xats_tui.backend.services.bundle import Services
from xats_tui.backend.services.contracts.book import ContractBook
from xats_tui.backend.services.launch.desk import LocalLaunchBackend
from xats_tui.backend.services.messages import Mailbox
from xats_tui.backend.services.operator.mail import OperatorMail
from xats_tui.backend.services.operator.operator import Operator
from xats_tui.backend.services.operator.tasks import OperatorTasks
from xats_tui.backend.services.tasks import TaskBoard
from xats_tui.backend.services.wakes.waker import Waker
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.tools.base import Answer, Arguments, Optional
from xats_tui.core.model.agents import OPERATOR_NAME
from xats_tui.core.model.health import Health
from xats_tui.core.model.labels import composed

ACTOR = f"{OPERATOR_NAME}, command line"
"""Who did it, where that is written down: the same person as at the dashboard, by another door."""

MAX_ROWS = 1000
"""Rows of one answer at the most."""

Limit = Annotated[int, Field(ge=1, le=MAX_ROWS)]
Word = Annotated[str, AfterValidator(composed), Field(min_length=1, max_length=200)]
"""A name, a team, a role, an id or its beginning."""


class NoParameters(Arguments):
    """No arguments."""


class TeamParameters(Arguments):
    """What every list can be narrowed to."""

    team: Optional[Word] = None
    limit: Limit = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorServices:
    """What verbs work with."""

    database: Database
    registry: Registry
    mailbox: Mailbox
    waker: Waker
    board: TaskBoard
    contracts: ContractBook
    operator: Operator
    mail: OperatorMail
    tasks: OperatorTasks
    launches: LocalLaunchBackend
    health: Callable[[], Awaitable[Health]]
    """How the coordinator is doing."""

    @classmethod
    def acting(cls, tools: Services, health: Callable[[], Awaitable[Health]]) -> "OperatorServices":
        """Services of the tools, and the operator's own, of which what they do is noted as done by commands."""
        return cls(
            database=tools.database,
            registry=tools.registry,
            mailbox=tools.mailbox,
            waker=tools.waker,
            board=tools.board,
            contracts=tools.contracts,
            operator=Operator(tools.database, tools.waker, tools.tmux, actor=ACTOR),
            mail=OperatorMail(tools.database, tools.mailbox, actor=ACTOR),
            tasks=OperatorTasks(tools.database, tools.mailbox, actor=ACTOR),
            launches=LocalLaunchBackend(tools.database, tools.registry, tools.registrar, tools.sessions, actor=ACTOR),
            health=health,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One thing that can be asked."""

    name: str
    arguments: type[Arguments]
    run: Callable[[OperatorServices, Any], Awaitable[Answer]]
    changes: bool = False
    """Whether it is refused in read-only mode."""
