"""Who plays in the demo, and the schemas that they argue about.  It knows names, not how anything is done."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TEAM = "shop"

CONTRACT = "orders"

FEATURES = ("orders", "refunds", "discounts", "shipping", "invoices", "returns")
"""What a round builds, one after another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRole:
    """One agent of the demo."""

    name: str
    role: str
    leaves: bool = False
    """Its program ends soon after the start, and its pane is a shell from then on."""


CAST = (
    DemoRole(name="backend", role="developer"),
    DemoRole(name="frontend", role="developer"),
    DemoRole(name="qa", role="tester"),
    DemoRole(name="docs", role="writer"),
    DemoRole(name="ops", role="operations", leaves=True),
)
"""Four that work, and one whose program has ended."""


def _schema(total: Mapping[str, Any], required: tuple[str, ...], **more: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = {"id": {"type": "string"}, "total": total, **more}
    return {"type": "object", "properties": properties, "required": list(required)}


_MONEY = {"type": "object", "properties": {"amount": {"type": "integer"}, "currency": {"type": "string"}}}

VERSIONS = (
    ("the first", _schema({"type": "number"}, ("id", "total"))),
    ("total is money, no longer a number", _schema(_MONEY, ("id", "total"))),
    ("a note may be added", _schema(_MONEY, ("id", "total"), note={"type": "string"})),
    ("status must be there", _schema(_MONEY, ("id", "total", "status"), status={"enum": ["open", "paid"]})),
)
"""What each version says of itself, and its schema; the second and the fourth break the one before.  After the last
comes the first again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One task of a round."""

    title: str
    owner: str
    after: tuple[str, ...] = ()
    """Titles of the steps that come before it."""


STEPS = (
    Step(title="schema", owner="backend"),
    Step(title="endpoint", owner="backend", after=("schema",)),
    Step(title="page", owner="frontend", after=("endpoint",)),
    Step(title="guide", owner="docs", after=("endpoint",)),
    Step(title="tests", owner="qa", after=("page",)),
)
"""A round, in an order in which each step comes after those it needs."""
