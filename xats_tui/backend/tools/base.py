"""The wrapper around every tool: arguments, identity, transaction, errors, answer.

A tool is a function from a `Call` and its checked arguments to an answer.  The wrapper checks the caller, records the
call, confirms the messages of earlier answers, and turns refusals into answers.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar
from weakref import WeakValueDictionary

import mcp_types as types
from msgspec import Struct
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from xats_tui.backend.mcp_sessions import McpSession
from xats_tui.backend.services.bundle import Services
from xats_tui.backend.services.receipts import InboxReceipt
from xats_tui.backend.store import calls
from xats_tui.backend.store.sql.columns import to_json
from xats_tui.backend.store.sql.group_commit import Body
from xats_tui.backend.store.sql.transactions import Transaction
from xats_tui.backend.store.sql.writer import uninterrupted
from xats_tui.backend.tools.answers.long import shortened
from xats_tui.backend.tools.answers.room import AnswerRoom, limit_for
from xats_tui.backend.tools.argument_text import as_meant
from xats_tui.backend.tools.call_context import claimed, claimed_ui, reader
from xats_tui.clients.registry import DOCUMENTED_IDS, client_ids
from xats_tui.clients.spec import AnswerLimit
from xats_tui.core.call_meta import CALL_ID, HOST_PROGRAM, INSTANCE, REPEATED, UNASKED
from xats_tui.core.clock import to_wire
from xats_tui.core.errors import Refusal, StoreError
from xats_tui.core.model.agents import CHANNEL_PROXY_ROLE, Agent
from xats_tui.core.model.client_states import UsedTool
from xats_tui.core.model.labels import composed

logger = logging.getLogger(__name__)

Answer = Mapping[str, Any]
T = TypeVar("T")


def _refuse_null(value: Any) -> Any:
    if value is None:
        raise ValueError("null is no value: leave the field out")
    return value


Optional = Annotated[T | None, BeforeValidator(_refuse_null)]
"""A field that may be left out; `as_meant` drops null."""


TAKE_BACK = "call register_agent to take the name back, or register under another name"


def _known_client(value: object) -> object:
    """Refuse what is no known client, as a literal of the documented ones would."""
    if isinstance(value, str) and value in client_ids():
        return value
    *first, last = (repr(client) for client in DOCUMENTED_IDS)
    raise PydanticCustomError(
        "literal_error", "Input should be {expected}", {"expected": f"{', '.join(first)} or {last}"}
    )


if TYPE_CHECKING:
    ClientName = str
else:
    ClientName = Annotated[
        Any, BeforeValidator(_known_client), WithJsonSchema({"enum": [*DOCUMENTED_IDS], "type": "string"})
    ]
"""A client of the registry, or `custom`."""

MAX_CALL_ID_CHARS = 100
"""Maximum length of the ids that a caller gives to its calls and to itself; a longer id is ignored."""

MAX_ARGUMENTS = 100
"""Maximum number of arguments, more than any tool has."""

MAX_PROBLEMS = 20
"""Maximum number of problems in an answer about wrong arguments."""

MAX_PATH_CHARS = 200
"""Maximum length of an argument's path there, which the caller has made up."""

TYPES_OF_JSON = frozenset({"dict_type", "list_type", "int_type", "bool_type"})
"""Problems that a text has where JSON of another type is expected."""

NOT_AS_JSON = ", or text that is JSON for one"

MAX_INTEGER = 2**63 - 1
"""Maximum integer of the database; no event, version or pid is greater."""

NonNegative = Annotated[int, Field(ge=0, le=MAX_INTEGER)]
Positive = Annotated[int, Field(ge=1, le=MAX_INTEGER)]


Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(composed)]
"""A name, in the form in which it is stored."""


class FirstFault(FailFast):
    """Marker of a list of which only the first wrong entry is reported; typing needs it to be hashable."""

    __hash__ = object.__hash__


class Arguments(BaseModel):
    """Arguments of a tool: no unknown names, no coercion besides `as_meant`."""

    # Python's engine compiles a pattern into a few KB; pydantic's own takes 1 MB for a bounded repetition.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, regex_engine="python-re")


class Call:
    """One call of a tool."""

    def __init__(self, services: Services, session: McpSession, meta: Mapping[str, Any]) -> None:
        self.services = services
        self.session = session
        self.meta = meta
        """The request's `_meta`: data of the client program besides the arguments."""
        self.touched = False
        self._answer: Answer | None = None
        session.reader = reader(meta, session.session_id)
        self.receipt = services.receipts.of_call(session.reader, claimed_ui(meta))
        self._agent: Agent | None = None

    @property
    def agent(self) -> Agent:
        """Return the registered caller; only for tools that require one."""
        assert self._agent is not None  # the wrapper has looked
        return self._agent

    async def identify(self, *, or_proxy: bool = False) -> None:
        """Identify the caller; with `or_proxy` it may be a channel proxy as well.

        Raises:
            Refusal: `superseded` when another runtime has taken the agent over, `unknown_agent` when the session has
                not registered or its agent is gone, `forbidden_role` to a proxy where only agents may call.
        """
        agent_id = self.session.agent_id
        self._agent = await self._speaker(agent_id) if agent_id else None
        if self._agent is None:
            raise await self._nobody()
        if self._agent.role == CHANNEL_PROXY_ROLE and not or_proxy:
            raise Refusal("forbidden_role", detail="a channel proxy is no agent: only agents can do that")

    @property
    def limit(self) -> AnswerLimit:
        """Return the maximum answer that the caller's host passes on."""
        return limit_for(self._agent, self.session.program or self.session.client)

    def room(self) -> AnswerRoom:
        """Return the room of an empty page."""
        return AnswerRoom(self.limit)

    @property
    def call_id(self) -> str | None:
        """Return the caller's id of this call, under which it would repeat it; None for most callers."""
        return _name(self.meta, CALL_ID)

    @property
    def caller(self) -> str | None:
        """Return the id under which this caller's answers are kept; None for a session that never spoke for an agent.

        A bridge is the same caller in each of its sessions, as the same agent; other callers are one session each.
        """
        session, instance = self.session, _name(self.meta, INSTANCE)
        agent_id = session.superseded.agent_id if session.superseded else session.agent_id
        if agent_id is None:
            return None
        return f"{agent_id} {instance}" if instance else session.session_id

    def keep(self, answer: Answer) -> Answer:
        """Keep an answer with the transaction under way, for a repeated call.

        The repeated call gets it even from a coordinator that was killed and restarted in between.
        """
        self._answer = answer
        return answer

    async def keep_when_stored(self, tx: Transaction, answer: Callable[[], Answer]) -> None:
        """Keep an answer that contains row numbers, once the rows are stored."""
        if self.call_id is not None:
            await tx.carry_out()
            self.keep(answer())

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        """Open a transaction that also records the call, and confirms the messages of earlier answers."""
        async with self.services.database.write() as tx:
            await self._note_call(tx)
            await self._confirm(tx)
            yield tx
            await self._keep(tx)
        self.touched = True

    async def transact(self, body: Body[T]) -> T:
        """Carry out a short transaction (`Database.transact`) that also does what `write` does."""

        async def whole(tx: Transaction) -> T:
            self._answer = None  # that of a time before, of which nothing is stored
            await self._confirm(tx)
            result = await body(tx)
            await self._note_call(tx)  # last: a refusal before anything is written needs no rollback
            await self._keep(tx)
            return result

        result = await self.services.database.transact(whole)
        self.touched = True
        return result

    async def _note_call(self, tx: Transaction) -> None:
        if self.session.agent_id is not None:
            await self.services.registry.touch(tx, self.session.agent_id)

    async def _confirm(self, tx: Transaction) -> None:
        # a call that the bridge makes by itself does not show that the model has read anything
        if self.session.agent_id is not None and REPEATED not in self.meta and UNASKED not in self.meta:
            await self.receipt.confirm(tx, self.session.agent_id)

    async def _keep(self, tx: Transaction) -> None:
        if self._answer is not None and self.call_id is not None and self.caller is not None:
            await calls.keep(tx, self.caller, self.call_id, to_json(self._answer))

    async def _speaker(self, agent_id: str) -> Agent | None:
        return await self.services.registry.by_id(agent_id) or await self.services.channels.proxy(agent_id)

    async def _nobody(self) -> Refusal:
        """Return why the session speaks for no agent; a superseded one whose agent has left is simply unknown."""
        superseded = self.session.superseded
        agent = await self._speaker(superseded.agent_id) if superseded else None
        if superseded is None or agent is None:
            turned_away = self.session.turned_away
            return Refusal("unknown_agent", **({"detail": turned_away} if turned_away else {}))
        address, since = f"{agent.name}@{agent.team}", to_wire(superseded.at)
        detail = f"another session registered as {address} at {since}; {TAKE_BACK}"
        return Refusal("superseded", detail=detail)


class BrokenRules(Exception):
    """Well-formed arguments that contradict each other; the text names the fields."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        issues = [{"code": "custom", "path": [field], "message": problem} for field, problem in problems.items()]
        super().__init__(to_json(issues))


def _agree(arguments: Any) -> None:
    """Accept all combinations of arguments."""


class Tool(Struct, frozen=True, kw_only=True):
    """One tool: its description for models, and its function."""

    name: str
    description: str
    arguments: type[Arguments]
    run: Callable[[Call, Any], Awaitable[Answer]]
    check: Callable[[Any], None] = _agree
    """Raises BrokenRules or a Refusal if arguments contradict each other; it runs before the caller is identified."""
    registered: bool = True
    """True if the caller must have registered."""
    for_proxies: bool = False
    """True if a channel proxy may call it, too."""
    touches: bool = True
    """True if a call shows that the agent is there."""
    once: bool = False
    """True if its answer is kept, so that a call repeated under its id is not carried out again."""

    def offered(self) -> types.Tool:
        """Return the tool as `tools/list` shows it."""
        return types.Tool(name=self.name, description=self.description, input_schema=_schema_of(self.arguments))


class ToolAnswer(NamedTuple):
    """The outcome of a call, as a model reads it."""

    text: str
    is_error: bool = False
    """True if the tool could not run: it is unknown, its arguments are wrong, or it failed."""
    handed: InboxReceipt | None = None
    """What the answer hands out, if it hands out anything."""


class Toolbox:
    """All tools by name."""

    def __init__(self, tools: Mapping[str, Tool], services: Services) -> None:
        self._tools = tools
        self._services = services
        # a lock is gone with the last call that holds it
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        self.offered = [tool.offered() for tool in tools.values()]

    async def call(
        self, session: McpSession, name: str, arguments: Mapping[str, Any], meta: Mapping[str, Any]
    ) -> ToolAnswer:
        """Run a tool for a session; every outcome is an answer that a model can read."""
        tool = self._tools.get(name)
        if tool is None:
            return _failed(f"Tool {name} not found; there are: {', '.join(sorted(self._tools))}")
        if len(arguments) > MAX_ARGUMENTS:
            return _failed(f"Invalid arguments for tool {name}:\n(arguments): {len(arguments)} are too many")
        try:
            checked = tool.arguments.model_validate(as_meant(_schema_of(tool.arguments), dict(arguments)))
            tool.check(checked)
        except ValidationError as error:
            return _failed(_problems(name, error))
        except BrokenRules as error:
            return _failed(str(error))
        except Refusal as refusal:
            return ToolAnswer(to_json(refusal.payload()))
        session.last_call_at = self._services.clock.now()
        if UNASKED not in meta:
            session.called = UsedTool(name=name, at=session.last_call_at)
        session.program = claimed(meta, HOST_PROGRAM) or session.program
        call = Call(self._services, session, meta)
        try:
            text = await (self._run_once(tool, call, checked) if tool.once else self._run(tool, call, checked))
        except StoreError as error:
            logger.warning("%s: the database refused: %s", name, error)
            text = to_json({"error": "storage_unavailable"} | ({"detail": str(error)} if error.fault else {}))
        except Exception:
            logger.exception("%s failed", name)
            call.receipt.lose()
            return _failed(f"{name} failed because of an internal error; the coordinator's log has the details")
        return ToolAnswer(shortened(text, call.limit), handed=call.receipt if call.receipt.has_offered else None)

    async def _run_once(self, tool: Tool, call: Call, checked: Arguments) -> str:
        """Return the answer to a call, the same one if the call was carried out before or is under way."""
        if call.call_id is None or call.caller is None:
            return await self._run(tool, call, checked)
        caller, call_id = call.caller, call.call_id
        async with self._turns.setdefault((caller, call_id), asyncio.Lock()):
            kept = await calls.answer(self._services.database.quick, caller, call_id)
            return await self._run(tool, call, checked) if kept is None else kept

    async def _run(self, tool: Tool, call: Call, checked: Arguments) -> str:
        try:
            if tool.registered:
                await call.identify(or_proxy=tool.for_proxies)
            answer = await tool.run(call, checked)
        except Refusal as refusal:
            answer = refusal.payload()
        # a tool that has written nothing shows that the agent is there all the same
        if tool.touches and not call.touched and call.session.agent_id is not None:
            await call.transact(_nothing)
        untold, call.session.untold = call.session.untold, []
        return to_json({**answer, "notice": "; ".join(untold)} if untold else answer)


async def completed(work: Coroutine[Any, Any, T]) -> T:
    """Carry out `work` to its end and return its result, even if the call is given up meanwhile.

    For what has to follow a transaction once it is stored, so that memory and database say the same.
    """
    result, cancelled = await uninterrupted(work)
    if cancelled is not None:
        raise cancelled
    return result


async def _nothing(tx: Transaction) -> None:
    """Do nothing beyond what every call's transaction does."""


def _name(meta: Mapping[str, Any], key: str) -> str | None:
    name = meta.get(key)
    return name if isinstance(name, str) and 0 < len(name) <= MAX_CALL_ID_CHARS else None


def _failed(text: str) -> ToolAnswer:
    return ToolAnswer(text, is_error=True)


def _problems(tool: str, error: ValidationError) -> str:
    lines = [f"Invalid arguments for tool {tool}:"]
    problems = error.errors(include_url=False, include_context=False)
    for problem in problems[:MAX_PROBLEMS]:
        path = ".".join(str(part) for part in problem["loc"])[:MAX_PATH_CHARS] or "(arguments)"
        is_text = problem["type"] in TYPES_OF_JSON and isinstance(problem["input"], str)
        lines.append(f"{path}: {problem['msg']}{NOT_AS_JSON if is_text else ''}")
    if len(problems) > MAX_PROBLEMS:
        lines.append(f"and {len(problems) - MAX_PROBLEMS} more")
    return "\n".join(lines)


@cache
def _schema_of(arguments: type[Arguments]) -> dict[str, Any]:
    """Return the JSON Schema without titles, null alternatives and null defaults, which models do not need."""
    schema = arguments.model_json_schema()
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
