"""Cast of the demo, and the schemas of its contract."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TEAM = "shop"

CONTRACT = "orders"

FEATURES = ("orders", "refunds", "discounts", "shipping", "invoices", "returns")
"""Features that the rounds build, one after another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRole:
    """An agent of the demo."""

    name: str
    role: str
    leaves: bool = False
    """True if its program ends soon after the start, leaving a shell in its pane."""


CAST = (
    DemoRole(name="backend", role="developer"),
    DemoRole(name="frontend", role="developer"),
    DemoRole(name="qa", role="tester"),
    DemoRole(name="docs", role="writer"),
    DemoRole(name="ops", role="operations", leaves=True),
)
"""Four agents that work, and one whose program ends."""


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
"""Note and schema of each version; the second and fourth are breaking.  After the last one, the list starts again.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A task of a round."""

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
"""Steps of a round, each after the steps that it needs."""
