"""The one wrapper around every tool: arguments, identity, transaction, errors, answer.

A tool is a function from a `Call` and its checked arguments to an answer.  What it need not do itself: check who
calls, note that the agent called, confirm the mail it was handed before, turn refusals into answers.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import mcp_types as types
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from xats_tui.backend.clock import Clock
from xats_tui.backend.errors import Refusal, StoreError
from xats_tui.backend.model import Agent
from xats_tui.backend.services.agents import Registry
from xats_tui.backend.services.contracts import ContractBook
from xats_tui.backend.services.messages import Mailbox
from xats_tui.backend.services.runtime_identity import RuntimeIdentity
from xats_tui.backend.services.tasks import TaskBoard
from xats_tui.backend.services.wakes import Waker
from xats_tui.backend.sessions import Session, Sessions
from xats_tui.backend.store.columns import to_json
from xats_tui.backend.store.database import Database, Transaction

logger = logging.getLogger(__name__)

Answer = Mapping[str, Any]
T = TypeVar("T")


def _refuse_null(value: Any) -> Any:
    if value is None:
        raise ValueError("null is no value: leave the field out")
    return value


Optional = Annotated[T | None, BeforeValidator(_refuse_null)]
"""A field that may be left out, but not be null."""


LARGEST_INTEGER = 2**63 - 1
"""What the database can hold; an event, a version or a pid beyond it does not exist."""

NonNegative = Annotated[int, Field(ge=0, le=LARGEST_INTEGER)]
Positive = Annotated[int, Field(ge=1, le=LARGEST_INTEGER)]


class Arguments(BaseModel):
    """The arguments of a tool: no unknown names, nothing coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What tools work with."""

    database: Database
    sessions: Sessions
    registry: Registry
    mailbox: Mailbox
    waker: Waker
    board: TaskBoard
    contracts: ContractBook
    identity: RuntimeIdentity
    clock: Clock


class Call:
    """One call of a tool."""

    def __init__(self, services: Services, session: Session, meta: Mapping[str, Any]) -> None:
        self.services = services
        self.session = session
        self.meta = meta
        """The request's `_meta`: what the client program says beside the arguments."""
        self.touched = False
        self._handed_over = tuple(session.offered)
        """Mail in answers before this call came; what is offered while it runs has not arrived yet."""
        self._agent: Agent | None = None

    @property
    def agent(self) -> Agent:
        """The registered caller; only for tools that require one."""
        assert self._agent is not None  # the wrapper has looked
        return self._agent

    async def identify(self) -> None:
        """Find out who calls.

        Raises:
            Refusal: `unknown_agent` when the session has not registered, or its agent is gone.
        """
        agent_id = self.session.agent_id
        self._agent = await self.services.registry.by_id(agent_id) if agent_id else None
        if self._agent is None:
            raise Refusal("unknown_agent")

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        """A transaction that also notes that the agent called, and that the mail it was handed before has arrived."""
        async with self.services.database.write() as tx:
            if self.session.agent_id is not None:
                await self.services.registry.touch(tx, self.session.agent_id)
                await self.services.mailbox.confirm(tx, self.session.agent_id, self._handed_over)
            yield tx
        self.touched = True
        self.session.offered = [row for row in self.session.offered if row not in self._handed_over]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool as it is offered and as it is run."""

    name: str
    description: str
    arguments: type[Arguments]
    run: Callable[[Call, Any], Awaitable[Answer]]
    registered: bool = True
    """Whether the caller must have registered."""
    touches: bool = True
    """Whether calling it shows that the agent is there."""

    def offered(self) -> types.Tool:
        """The tool as `tools/list` shows it."""
        return types.Tool(
            name=self.name,
            description=self.description,
            input_schema=_simplified(self.arguments.model_json_schema()),
        )


class Toolbox:
    """All tools by name."""

    def __init__(self, tools: Mapping[str, Tool], services: Services) -> None:
        self._tools = tools
        self._services = services
        self.offered = [tool.offered() for tool in tools.values()]

    async def call(
        self, session: Session, name: str, arguments: Mapping[str, Any], meta: Mapping[str, Any]
    ) -> types.CallToolResult:
        """Run a tool for a session; whatever happens, the answer is one that a model can read."""
        tool = self._tools.get(name)
        if tool is None:
            return _tool_error(f"Tool {name} not found; there are: {', '.join(sorted(self._tools))}")
        try:
            checked = tool.arguments.model_validate(dict(arguments))
        except ValidationError as error:
            return _tool_error(_problems(name, error))
        session.last_call_at = self._services.clock.now()
        call = Call(self._services, session, meta)
        try:
            text = to_json(await self._run(tool, call, checked))
        except StoreError as error:
            logger.warning("%s: the database refused: %s", name, error)
            text = to_json({"error": "storage_unavailable"})
        except Exception:
            logger.exception("%s failed", name)
            return _tool_error(f"{name} failed for a reason of the coordinator's own; its log says which")
        return types.CallToolResult(content=[types.TextContent(type="text", text=text)])

    async def _run(self, tool: Tool, call: Call, checked: Arguments) -> Answer:
        try:
            if tool.registered:
                await call.identify()
            answer = await tool.run(call, checked)
        except Refusal as refusal:
            answer = refusal.payload()
        if tool.touches and not call.touched and call.session.agent_id is not None:
            async with call.write():
                pass
        return answer


def _tool_error(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=True)


def _problems(tool: str, error: ValidationError) -> str:
    lines = [f"Invalid arguments for tool {tool}:"]
    for problem in error.errors(include_url=False):
        path = ".".join(str(part) for part in problem["loc"]) or "(arguments)"
        lines.append(f"{path}: {problem['msg']}")
    return "\n".join(lines)


def _simplified(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without what a model has no use for: titles, null alternatives, null defaults."""
    schema.pop("title", None)
    schema.pop("description", None)
    for name, field in schema.get("properties", {}).items():
        field.pop("title", None)
        if "default" in field and field["default"] is None:
            del field["default"]
        alternatives = [one for one in field.pop("anyOf", []) if one.get("type") != "null"]
        if len(alternatives) == 1:
            schema["properties"][name] = {**alternatives[0], **field}
        elif alternatives:
            field["anyOf"] = alternatives
    return schema
