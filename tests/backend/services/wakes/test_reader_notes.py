"""The operator is told of an agent whose program is newer than the reader of its screens was tested with."""

from typing import Any, cast

import mcp_types as types
import pytest

from tests.conftest import Connect
from tests.screens.sample.clock import NOW
from tests.screens.sample.filled import FILLED
from xats_tui.backend.coordinator import Coordinator
from xats_tui.core.records import replace
from xats_tui.screens.details.agents import agent_detail


async def noted(backend: Coordinator, connect: Connect, client: str, program: str) -> str:
    """Return the roster's note about an agent whose bridge reports this program."""
    caller = await connect()
    meta = cast(types.RequestParamsMeta, {"xats/host_program": program})
    arguments: dict[str, Any] = {"name": "bob", "client": client, "model": "m"}
    await caller.client.call_tool("register_agent", arguments, meta=meta)
    (bob,) = await backend.registry.roster()
    return bob.reader_note


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    ("client", "program", "newer"),
    [
        ("claude-code", "claude-code 99.1.0", True),
        ("claude-code", "claude-code 2.1.197", False),
        ("custom", "copilot-cli 99.1.0", False),
    ],
)
async def test_what_a_bridge_says_of_its_host_is_compared_with_what_was_tested(
    client: str, program: str, newer: bool, backend: Coordinator, connect: Connect
) -> None:
    assert ("99.1.0 is newer than" in await noted(backend, connect, client, program)) is newer


def test_the_detail_of_an_agent_says_so() -> None:
    first, *others = FILLED.roster
    note = "99.1.0 is newer than 2.1.332, the newest version whose screens were tested"
    snapshot = replace(FILLED, roster=(replace(first, reader_note=note), *others))

    shown = agent_detail(snapshot, first.agent.agent_id, NOW)
    before = agent_detail(FILLED, first.agent.agent_id, NOW)

    assert shown and note in shown.plain
    assert before and "newer than" not in before.plain
