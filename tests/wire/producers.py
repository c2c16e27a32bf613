"""The scenarios by the pair of tool and outcome that each shows; `scenarios/` fills them in."""

from collections.abc import Awaitable, Callable

from tests.wire.outcomes import Pair
from tests.wire.world import World

Scenario = Callable[[World], Awaitable[None]]

SCENARIOS: dict[Pair, Scenario] = {}


def shows(tool: str, outcome: str) -> Callable[[Scenario], Scenario]:
    """Name the pair that a scenario produces; one scenario may show several."""

    def keep(scenario: Scenario) -> Scenario:
        assert (tool, outcome) not in SCENARIOS, f"{tool}, {outcome} has two scenarios"
        SCENARIOS[tool, outcome] = scenario
        return scenario

    return keep


HTTP_ONLY: set[Scenario] = set()
"""Scenarios that need what a bridge does not show: sessions and streams."""


def http_only(scenario: Scenario) -> Scenario:
    """Leave a scenario out where the door is a bridge."""
    HTTP_ONLY.add(scenario)
    return scenario
