"""The ContractBook: versioned JSON Schemas, their subscribers, and the notifications about new versions."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, ParamSpec, TypeVar

from msgspec import Struct

from xats_tui.backend.mcp_sessions import McpSessions
from xats_tui.backend.services.agents.registry import checked_contract_name
from xats_tui.backend.services.schemas.compatibility import Compatibility, compare
from xats_tui.backend.services.schemas.diff import diff_schemas
from xats_tui.backend.services.schemas.values import canonical
from xats_tui.backend.store import contracts as store
from xats_tui.backend.store import messages as outbox
from xats_tui.backend.store.contracts import ContractEvent
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.transactions import Transaction
from xats_tui.core.errors import Refusal
from xats_tui.core.events import ContractRegistered, SubscriptionChanged
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.contracts import Contract, ContractChange, ContractSummary, SchemaReason
from xats_tui.core.model.pages import Page

P = ParamSpec("P")
T = TypeVar("T")


class ContractDraft(Struct, frozen=True, kw_only=True):
    """A checked schema that may become the next version, with its differences from the newest one."""

    team: str
    name: str
    schema: Mapping[str, Any]
    previous: Contract | None
    """The newest version; None if there is none yet."""
    diff: dict[str, Any] | None
    compatibility: Compatibility | None


class NewVersion(Struct, frozen=True, kw_only=True):
    """A version that was stored."""

    contract: Contract
    event_id: int
    diff: dict[str, Any] | None
    """The diff against the version before; None for the first version."""
    compatibility: Compatibility | None
    """The compatibility with the version before; None for the first version."""


class UnchangedVersion(Struct, frozen=True, kw_only=True):
    """A schema that is already the newest version; nothing was stored."""

    contract: Contract


class ContractBook:
    """All contracts."""

    def __init__(self, database: Database, sessions: McpSessions, *, schema_limit: int) -> None:
        self._database = database
        self._sessions = sessions
        self._schema_limit = schema_limit
        self._turn = asyncio.Lock()
        # The largest schemas take seconds, even after their callers gave up: one thread for them leaves the other
        # threads free.
        self._thread = ThreadPoolExecutor(1, "schemas")

    @asynccontextmanager
    async def drafted(self, team: str, name: str, schema: Mapping[str, Any]) -> AsyncIterator[ContractDraft]:
        """Check a schema and compare it with the newest version; no other version is registered inside the block.

        The work on a large schema takes long, so do it outside a transaction: every other caller would wait for it.

        Raises:
            Refusal: `schema_too_large`, `invalid_schema`, `invalid_contract_name`.
        """
        async with self._turn:
            await self._work(_check_schema, schema, self._schema_limit)
            name = await store.spelled(self._database, team, checked_contract_name(name))
            previous = await store.version(self._database, team, name)
            is_news = previous is not None and canonical(previous.schema) != canonical(schema)
            changes = await self._work(_changes, previous.schema, schema) if previous and is_news else (None, None)
            diff, compatibility = changes
            yield ContractDraft(
                team=team, name=name, schema=schema, previous=previous, diff=diff, compatibility=compatibility
            )

    async def register(
        self, tx: Transaction, author: Agent, draft: ContractDraft, note: str | None
    ) -> NewVersion | UnchangedVersion:
        """Store a draft as the next version of its contract.

        Registering the newest version's schema again changes nothing, neither its note nor its author.
        """
        name, previous, diff, compatibility = draft.name, draft.previous, draft.diff, draft.compatibility
        if previous is not None and diff is None:
            return UnchangedVersion(contract=previous)
        contract = Contract(
            team=draft.team,
            name=name,
            version=previous.version + 1 if previous else 1,
            schema=draft.schema,
            note=note,
            registered_by=author.agent_id,
            registered_at=tx.now,
        )
        breaking = (diff["breaking"] or compatibility.breaks) if diff and compatibility else None
        await store.add(tx, contract, breaking=breaking)
        payload = {"name": name, "version": contract.version, "diff": diff}
        event = await outbox.add_event(tx, "contract_registered", author.team, author.team, author.agent_id, payload)
        await tx.carry_out()
        event_id = event.number
        tx.record(ContractRegistered(team=author.team, name=name, version=contract.version, event_id=event_id))
        return NewVersion(contract=contract, event_id=event_id, diff=diff, compatibility=compatibility)

    async def announce(self, registered: NewVersion) -> None:
        """Notify the subscribers that are listening, all at once; the others poll."""
        contract = registered.contract
        params = {
            "type": "contract_event",
            "event_id": registered.event_id,
            "contract_name": contract.name,
            "version": contract.version,
            "diff": registered.diff,
        }
        subscribed = await store.subscribers(self._database, contract.team, contract.name)
        sessions = [session for agent_id in subscribed if (session := self._sessions.of_agent(agent_id))]
        await asyncio.gather(*(session.notify("notifications/contract_event", params) for session in sessions))

    async def subscribe(self, tx: Transaction, agent: Agent, name: str) -> int | None:
        """Subscribe an agent to a contract of its team; return the latest version, None if there is none yet.

        Raises:
            Refusal: `invalid_contract_name`.
        """
        name = await store.spelled(tx, agent.team, checked_contract_name(name))
        await store.subscribe(tx, agent.agent_id, agent.team, name)
        tx.record(SubscriptionChanged(agent_id=agent.agent_id))
        latest = await store.version(tx, agent.team, name)
        return latest.version if latest else None

    async def fetch(self, tx: Transaction, agent: Agent, name: str, version: int | None) -> Contract:
        """Return a version, the latest if none is named, and remember that the agent fetched it.

        Raises:
            Refusal: `unknown_contract`, `unknown_version`.
        """
        contract = await self._version(agent.team, name, version)
        await store.note_fetch(tx, agent.agent_id, contract)
        tx.record(SubscriptionChanged(agent_id=agent.agent_id))
        return contract

    async def diff(self, team: str, name: str, old: int, new: int) -> dict[str, Any]:
        """Return the difference between two versions, in either direction.

        Raises:
            Refusal: `unknown_contract`, `unknown_version`.
        """
        before, after = await self._version(team, name, old), await self._version(team, name, new)
        return diff_schemas(before.schema, after.schema)

    async def events_since(self, agent: Agent, event_id: int, limit: int) -> Page[ContractEvent]:
        """Return the registrations after an event, of contracts that the agent subscribes to."""
        return await store.events_since(self._database, agent.team, agent.agent_id, event_id, limit)

    async def summaries(self, limit: int = 300) -> tuple[ContractSummary, ...]:
        """Return every contract by its latest version, newest first."""
        return await store.summaries(self._database, limit)

    async def change(self, team: str, name: str, old: int | None, new: int) -> ContractChange:
        """Return two versions and the effect of the change between them; without `old`, the new version alone.

        It is a look and no fetch: no agent is recorded as a reader.

        Raises:
            Refusal: `unknown_contract`, `unknown_version`.
        """
        after = await self._version(team, name, new)
        if old is None:
            return ContractChange(old=None, new=after)
        before = await self._version(team, name, old)
        judged = await asyncio.to_thread(compare, before.schema, after.schema)
        reasons = tuple(
            SchemaReason(path=one.path, what=one.what, of_new=one.direction == "backward") for one in judged.reasons
        )
        return ContractChange(old=before, new=after, backward=judged.backward, forward=judged.forward, reasons=reasons)

    async def _work(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(function, *args, **kwargs))

    async def _version(self, team: str, name: str, number: int | None) -> Contract:
        name = await store.spelled(self._database, team, name)
        contract = await store.version(self._database, team, name, number)
        if contract is not None:
            return contract
        known = number is not None and await store.version(self._database, team, name)
        raise Refusal("unknown_version" if known else "unknown_contract")


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[dict[str, Any], Compatibility]:
    return diff_schemas(old, new), compare(old, new)


def _check_schema(schema: Mapping[str, Any], size_limit: int) -> None:
    # jsonschema takes 40 ms, for which no start should wait.
    from xats_tui.backend.services.schemas.validity import check_schema

    check_schema(schema, size_limit)
