"""Parts of a command: the actor, the arguments, the function that answers.

The function takes the operator's API and checked arguments, returns JSON, and raises a Refusal if it refuses.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from msgspec import Struct
from pydantic import AfterValidator, Field

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.backend.tools.base import Answer, Arguments, Optional
from xats_tui.core.model.activity import Actor
from xats_tui.core.model.agents import OPERATOR_NAME
from xats_tui.core.model.labels import composed

COMMAND_LINE = Actor(f"{OPERATOR_NAME}, command line")
"""The operator at the command line: the same person as at the dashboard."""

MAX_ROWS = 1000
"""Maximum number of rows in one answer."""

Limit = Annotated[int, Field(ge=1, le=MAX_ROWS)]
Word = Annotated[str, AfterValidator(composed), Field(min_length=1, max_length=200)]
"""A name, a team, a role, an id or its beginning."""


class NoParameters(Arguments):
    """No arguments."""


class TeamParameters(Arguments):
    """Arguments of a list: one team only, a number of rows."""

    team: Optional[Word] = None
    limit: Limit = 50


class Command(Struct, frozen=True, kw_only=True):
    """A verb in the form that commands use: name, arguments and answer on the wire."""

    name: str
    arguments: type[Arguments]
    run: Callable[[OperatorApi, Any], Awaitable[Answer]]
    changes: bool = False
    """True if read-only mode refuses it, as declared by the verb that it carries out."""
