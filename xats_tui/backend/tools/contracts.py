"""Tools about contracts: versioned JSON Schemas that agents publish and subscribe to."""

from typing import Annotated, Any, Literal

from pydantic import Field

from xats_tui.backend.services.contracts.book import NewVersion, UnchangedVersion
from xats_tui.backend.services.schemas.compatibility import Compatibility
from xats_tui.backend.services.schemas.diff import diff_schemas
from xats_tui.backend.store.contracts import ContractEvent
from xats_tui.backend.tools.answers.long import in_parts
from xats_tui.backend.tools.base import Answer, Arguments, Call, Label, NonNegative, Optional, Positive, Tool
from xats_tui.core.clock import to_wire

Part = Annotated[Optional[Positive], Field(description="This part of an answer that comes in parts.")]

DEFAULT_PAGE = 100
MAX_PAGE = 500


class RegisterContract(Arguments):
    name: Label
    schema_: dict[str, Any] = Field(alias="schema", description="A JSON Schema.")
    format: Literal["jsonschema"] = "jsonschema"
    note: Optional[str] = None


class SubscribeContract(Arguments):
    name: Label


class GetContract(Arguments):
    name: Label
    version: Optional[NonNegative] = Field(default=None, description="The latest if left out or 0.")
    part: Part = None


class DiffContracts(Arguments):
    name: Label
    from_version: Positive
    to_version: Positive
    part: Part = None


class PendingContractEvents(Arguments):
    since_event_id: NonNegative = 0
    limit: Annotated[int, Field(ge=1)] = Field(default=DEFAULT_PAGE, description=f"At most {MAX_PAGE}.")


async def register_contract(call: Call, arguments: RegisterContract) -> Answer:
    contracts = call.services.contracts
    async with contracts.drafted(call.agent.team, arguments.name, arguments.schema_) as draft, call.write() as tx:
        outcome = await contracts.register(tx, call.agent, draft, arguments.note)
        answer = call.keep(_registered(outcome))
    if not isinstance(outcome, UnchangedVersion):
        await contracts.announce(outcome)
    return answer


def _registered(outcome: NewVersion | UnchangedVersion) -> dict[str, Any]:
    answer: dict[str, Any] = {"name": outcome.contract.name, "version": outcome.contract.version}
    if isinstance(outcome, UnchangedVersion):
        return {**answer, "unchanged": True, "diff": diff_schemas({}, {})}
    if outcome.diff is None or outcome.compatibility is None:
        return answer
    return {**answer, "diff": outcome.diff, **_judgement(outcome.compatibility)}


def _judgement(compatibility: Compatibility) -> dict[str, Any]:
    return {
        "compatibility": {
            "backward": compatibility.backward,
            "forward": compatibility.forward,
            "summary": compatibility.sentence(),
        },
        "reasons": [
            {"path": reason.path, "what": reason.what, "direction": reason.direction}
            for reason in compatibility.reasons
        ],
    }


async def subscribe_contract(call: Call, arguments: SubscribeContract) -> Answer:
    async with call.write() as tx:
        version = await call.services.contracts.subscribe(tx, call.agent, arguments.name)
    return {"ok": True, "current_version": version}


async def get_contract(call: Call, arguments: GetContract) -> Answer:
    async with call.write() as tx:
        contract = await call.services.contracts.fetch(tx, call.agent, arguments.name, arguments.version or None)
    answer = {
        "name": contract.name,
        "version": contract.version,
        "schema": contract.schema,
        "format": "jsonschema",
        "note": contract.note,
        "registered_at": to_wire(contract.registered_at),
    }
    return in_parts(answer, arguments.part, call.room())


async def diff_contracts(call: Call, arguments: DiffContracts) -> Answer:
    diff = await call.services.contracts.diff(
        call.agent.team, arguments.name, arguments.from_version, arguments.to_version
    )
    return in_parts(diff, arguments.part, call.room())


async def pending_contract_events(call: Call, arguments: PendingContractEvents) -> Answer:
    limit = min(arguments.limit, MAX_PAGE)
    page = await call.services.contracts.events_since(call.agent, arguments.since_event_id, limit)
    events = call.room().filled(page.rows, _shown_event)
    return {
        "events": events,
        "has_more": page.has_more or len(events) < len(page.rows),
        "last_event_id": events[-1]["event_id"] if events else arguments.since_event_id,
    }


def _shown_event(event: ContractEvent) -> dict[str, Any]:
    return {
        "event_id": event.event_id,
        "contract_name": event.name,
        "version": event.version,
        "diff": event.diff,
        "registered_at": to_wire(event.registered_at),
    }


TOOLS = (
    Tool(
        name="register_contract",
        description=(
            "Publish a contract (a JSON Schema under a name) or its next version. Answers the version and, from the "
            "second on, the diff, compatibility (backward: the new version accepts all data of the old one; forward: "
            "the other way round; null: cannot be told) and the reasons. Subscribers are notified. The newest schema "
            "again makes no version: unchanged. Refusals: invalid_schema with path and detail, schema_too_large."
        ),
        arguments=RegisterContract,
        run=register_contract,
        once=True,
    ),
    Tool(
        name="subscribe_contract",
        description="Subscribe to a contract of your team by name, also before it exists; answers its current version.",
        arguments=SubscribeContract,
        run=subscribe_contract,
    ),
    Tool(
        name="get_contract",
        description=(
            "Fetch one version of a contract, the latest unless you name one. One that is too long for an answer comes "
            "in parts, as does a long diff: part says which, as 1 of 3."
        ),
        arguments=GetContract,
        run=get_contract,
    ),
    Tool(
        name="diff_contracts",
        description="Compare two versions of a contract, in either direction.",
        arguments=DiffContracts,
        run=diff_contracts,
    ),
    Tool(
        name="pending_contract_events",
        description=(
            "Poll for new versions of the contracts that you are subscribed to: what was registered after "
            "since_event_id. Keep last_event_id for the next call."
        ),
        arguments=PendingContractEvents,
        run=pending_contract_events,
    ),
)
