"""Every tool × outcome of `outcomes.py`, over HTTP, against the program as a process."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.wire import scenarios
from tests.wire.outcomes import OUTCOMES, UNREACHABLE, Pair, kind_of, named, pairs
from tests.wire.producers import SCENARIOS
from tests.wire.world import World

pytestmark = pytest.mark.tmux

BACKEND = Path(__file__).parents[2] / "xats_tui" / "backend"

OPERATORS = ("operator", "folder", "launch", "client_states", "watchers", "past")
"""Beginnings of the paths whose refusals are for the operator and never reach a tool's caller."""

REFUSED = re.compile(r"""Refusal\(\s*(?P<code>[^,)]+)""")
CODE = re.compile(r'"([a-z_]+)"')


OFTEN_MET = 2
"""Number of tools that show an outcome on every run; with the others the stress tests begin."""


def marked() -> list[object]:
    """Return all pairs, those slow whose outcome several tools have shown before."""
    met: Counter[str] = Counter()
    found: list[object] = []
    for pair in pairs():
        kind = kind_of(pair[1])
        met[kind] += kind != "ok"
        found.append(pytest.param(pair, id=named(pair), marks=pytest.mark.slow if met[kind] > OFTEN_MET else ()))
    return found


def codes_in_source() -> set[str]:
    """The codes of error payloads that the program can give."""
    sources = [path.read_text() for path in BACKEND.rglob("*.py") if not _is_operators(path)]
    return {code for source in sources for found in REFUSED.finditer(source) for code in CODE.findall(found["code"])}


def _is_operators(path: Path) -> bool:
    return any(part.startswith(OPERATORS) for part in path.relative_to(BACKEND).parts)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("pair", marked())
async def test_every_outcome_is_as_the_reference_has_it(pair: Pair, http_world: World) -> None:
    assert scenarios.__all__
    tool, outcome = pair
    assert pair in SCENARIOS, f"no scenario shows {tool}, {outcome}"
    await SCENARIOS[pair](http_world)
    assert (tool, kind_of(outcome)) in http_world.seen, f"the scenario has not met {outcome}: {http_world.seen}"


def test_every_scenario_is_in_the_table() -> None:
    assert SCENARIOS.keys() <= set(pairs())


@pytest.mark.asyncio(loop_scope="module")
async def test_every_tool_that_is_offered_is_in_the_table(http_world: World) -> None:
    nobody = await http_world.nobody()
    offered = (await nobody.line.request("tools/list", {}))["result"]["tools"]
    assert {tool["name"] for tool in offered} == OUTCOMES.keys()


def test_every_error_code_of_the_program_is_in_the_table() -> None:
    shown = {kind_of(outcome) for _, outcome in pairs()}
    assert codes_in_source() - shown - UNREACHABLE.keys() == set()
    assert UNREACHABLE.keys() <= codes_in_source()
