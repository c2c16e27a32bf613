"""The contracts of the sample, and the schemas of one."""

from typing import Any

from tests.screens.sample.agents import BACKEND, DOCS, FRONTEND, PLANNER, QA, REVIEWER
from tests.screens.sample.clock import ago
from xats_tui.core.model.agents import (
    Agent,
)
from xats_tui.core.model.contracts import (
    ContractSummary,
    ContractVersion,
    Subscriber,
)

ORDER_SCHEMAS: tuple[dict[str, Any], ...] = tuple(
    {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An order",
        "type": "object",
        "properties": {
            "id": {"type": number},
            "status": {"enum": statuses},
            "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}, "minItems": 1},
            **more,
        },
        "required": ["id", *more],
        "$defs": {"line": {"type": "object", "properties": {"sku": {"type": "string"}, "count": {"type": "integer"}}}},
    }
    for number, statuses, more in (
        ("string", ["new"], {}),
        ("string", ["new", "paid"], {}),
        ("string", ["new", "paid", "sent"], {}),
        ("integer", ["new", "paid"], {"total": {"type": "number"}}),
    )
)
"""The versions of the contract of the sample, the oldest first."""


def versions(who: Agent, *spans: tuple[bool | None, float]) -> tuple[ContractVersion, ...]:
    """The versions of a contract, the newest first, each breaking or not and so many minutes old."""
    return tuple(
        ContractVersion(
            version=len(spans) - index,
            breaking=breaking,
            note="ids are counted now, totals are sent" if breaking else None,
            registered_by=who.agent_id,
            registered_by_name=who.name,
            registered_at=ago(minutes=minutes),
        )
        for index, (breaking, minutes) in enumerate(spans)
    )


def contract(
    name: str,
    who: Agent,
    of: tuple[ContractVersion, ...],
    *subscribers: Subscriber,
    readers: tuple[Subscriber, ...] = (),
) -> ContractSummary:
    """A contract with these versions."""
    return ContractSummary(
        team=who.team,
        name=name,
        version=of[0].version,
        breaking=of[0].breaking,
        registered_by=who.agent_id,
        registered_by_name=who.name,
        registered_at=of[0].registered_at,
        subscribers=subscribers,
        readers=readers,
        versions=of,
    )


def fetched(who: Agent, version: int | None, minutes: float = 0) -> Subscriber:
    """An agent that fetched a version so many minutes ago."""
    at = ago(minutes=minutes) if version else None
    return Subscriber(agent_id=who.agent_id, name=who.name, fetched_version=version, fetched_at=at)


CONTRACTS = (
    contract(
        "orders",
        BACKEND,
        versions(BACKEND, (True, 0.3), (False, 130), (False, 300), (None, 1500)),
        fetched(FRONTEND, 3, 120),
        fetched(QA, 4, 0.2),
        fetched(REVIEWER, None),
        readers=(fetched(PLANNER, 4, 0.1),),
    ),
    contract("cart", FRONTEND, versions(FRONTEND, (False, 300), (None, 4000))),
    contract("page", DOCS, versions(DOCS, (None, 4320))),
)
