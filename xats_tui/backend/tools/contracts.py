"""Tools about contracts: versioned JSON Schemas that agents publish and subscribe to."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from xats_tui.backend.clock import to_wire
from xats_tui.backend.tools.kit import Answer, Arguments, Call, NonNegative, Optional, Positive, Tool

NonEmpty = Annotated[str, StringConstraints(min_length=1)]

DEFAULT_PAGE = 100
LARGEST_PAGE = 500


class RegisterContract(Arguments):
    name: NonEmpty
    schema_: dict[str, Any] = Field(alias="schema", description="A JSON Schema.")
    format: Literal["jsonschema"] = "jsonschema"
    note: Optional[str] = None


class SubscribeContract(Arguments):
    name: NonEmpty


class GetContract(Arguments):
    name: NonEmpty
    version: Optional[NonNegative] = Field(default=None, description="The latest if left out or 0.")


class DiffContracts(Arguments):
    name: NonEmpty
    from_version: Positive
    to_version: Positive


class PendingContractEvents(Arguments):
    since_event_id: NonNegative = 0
    limit: Annotated[int, Field(ge=1)] = Field(default=DEFAULT_PAGE, description=f"At most {LARGEST_PAGE}.")


async def register_contract(call: Call, arguments: RegisterContract) -> Answer:
    async with call.write() as tx:
        registered = await call.services.contracts.register(
            tx, call.agent, arguments.name, arguments.schema_, arguments.note
        )
    await call.services.contracts.announce(registered)
    answer: dict[str, Any] = {"name": arguments.name, "version": registered.contract.version}
    return answer if registered.diff is None else {**answer, "diff": registered.diff}


async def subscribe_contract(call: Call, arguments: SubscribeContract) -> Answer:
    async with call.write() as tx:
        version = await call.services.contracts.subscribe(tx, call.agent, arguments.name)
    return {"ok": True, "current_version": version}


async def get_contract(call: Call, arguments: GetContract) -> Answer:
    async with call.write() as tx:
        contract = await call.services.contracts.fetch(tx, call.agent, arguments.name, arguments.version or None)
    return {
        "name": contract.name,
        "version": contract.version,
        "schema": contract.schema,
        "format": "jsonschema",
        "note": contract.note,
        "registered_at": to_wire(contract.registered_at),
    }


async def diff_contracts(call: Call, arguments: DiffContracts) -> Answer:
    return await call.services.contracts.diff(
        call.agent.team, arguments.name, arguments.from_version, arguments.to_version
    )


async def pending_contract_events(call: Call, arguments: PendingContractEvents) -> Answer:
    limit = min(arguments.limit, LARGEST_PAGE)
    page = await call.services.contracts.events_since(call.agent, arguments.since_event_id, limit)
    return {
        "events": [
            {
                "event_id": event.event_id,
                "contract_name": event.name,
                "version": event.version,
                "diff": event.diff,
                "registered_at": to_wire(event.registered_at),
            }
            for event in page.rows
        ],
        "has_more": page.has_more,
        "last_event_id": page.rows[-1].event_id if page.rows else arguments.since_event_id,
    }


TOOLS = (
    Tool(
        name="register_contract",
        description=(
            "Publish a contract (a JSON Schema under a name) or its next version. Answers the version and, from the "
            "second on, what changed and whether that breaks readers of the one before. Subscribers are notified."
        ),
        arguments=RegisterContract,
        run=register_contract,
    ),
    Tool(
        name="subscribe_contract",
        description="Subscribe to a contract of your team by name, also before it exists; answers its current version.",
        arguments=SubscribeContract,
        run=subscribe_contract,
    ),
    Tool(
        name="get_contract",
        description="Fetch one version of a contract, the latest unless you name one.",
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
