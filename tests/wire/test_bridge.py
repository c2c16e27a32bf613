"""The same outcomes through `xats-tui mcp`: the bridge passes everything through unchanged."""

from typing import Any

import pytest

from tests.wire import scenarios
from tests.wire.outcomes import Pair, kind_of, named
from tests.wire.producers import HTTP_ONLY, SCENARIOS
from tests.wire.world import World

pytestmark = pytest.mark.tmux

FILLED_IN = frozenset({"register_agent", "register_claude_self", "register_codex_self"})
"""Tools whose arguments the bridge fills in, and which it offers as needing fewer."""

BRIDGED = [pair for pair, scenario in SCENARIOS.items() if scenario not in HTTP_ONLY and pair[0] not in FILLED_IN]


@pytest.mark.slow
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("pair", BRIDGED, ids=named)
async def test_every_outcome_is_the_same_behind_the_bridge(pair: Pair, bridged_world: World) -> None:
    assert scenarios.__all__
    tool, outcome = pair
    await SCENARIOS[pair](bridged_world)
    assert (tool, kind_of(outcome)) in bridged_world.seen


@pytest.mark.asyncio(loop_scope="module")
async def test_the_tools_are_offered_word_for_word(http_world: World, bridged_world: World) -> None:
    plain, bridged = [await offered(world) for world in (http_world, bridged_world)]
    assert plain.keys() == bridged.keys()
    for tool in plain.keys() - FILLED_IN:
        assert plain[tool] == bridged[tool]


async def offered(world: World) -> dict[str, Any]:
    """The tools by name."""
    answer = await (await world.nobody()).line.request("tools/list", {})
    return {tool["name"]: tool for tool in answer["result"]["tools"]}
