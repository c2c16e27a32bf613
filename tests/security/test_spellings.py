"""One spelling of a name, whoever types it and wherever: composed, with nothing around it."""

from typing import Any

import pytest

from tests.conftest import Connect, Sql
from tests.screens.sample.agents import BACKEND, DOCS
from tests.screens.sample.filled import FILLED, entry
from xats_tui.backend.operator_api.changes import Poke
from xats_tui.backend.operator_api.names import agent_meant
from xats_tui.backend.operator_api.readings import ListContractsQuery
from xats_tui.core.errors import Refusal
from xats_tui.core.model.labels import CUSTOM
from xats_tui.core.records import replace
from xats_tui.screens.query.addresses import AddressBook
from xats_tui.screens.query.filters import Filter
from xats_tui.screens.rows.agents import AGENTS

COMPOSED, DECOMPOSED = "jos\u00e9", "jose\u0301"

SPELLINGS = (COMPOSED, DECOMPOSED, f" {COMPOSED}  ", f"\t{DECOMPOSED}\n")

OLD_FILE = "jose\u0301 "
"""As a file of before may hold it."""


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_every_tool_takes_any_spelling(register: Connect, spelling: str) -> None:
    bob = await register("bob", team="red")
    jose = await register(COMPOSED, team=COMPOSED, role=COMPOSED)
    mate = await register("mate", team=DECOMPOSED)

    sent = await bob.call("send_message", to_agent_name=spelling, to_team=spelling, body="x")
    told = await mate.call("broadcast_to_role", to_role=spelling, body="x")
    first = await jose.call("register_contract", name=COMPOSED, schema={})
    subscribed = await mate.call("subscribe_contract", name=spelling)
    again = await mate.call("register_contract", name=spelling, schema={"type": "object"})

    assert (sent["recipients"], told["recipients"]) == ([jose.agent_id], [jose.agent_id])
    assert (first["version"], subscribed["current_version"], again["version"]) == (1, 1, 2)
    assert (await mate.call("get_contract", name=spelling))["name"] == COMPOSED
    assert "breaking" in await mate.call("diff_contracts", name=spelling, from_version=1, to_version=2)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_operator_may_type_any_spelling(spelling: str) -> None:
    jose = entry(replace(BACKEND, agent_id="J", name=COMPOSED, client=CUSTOM))
    roster = (*FILLED.roster, jose)

    assert agent_meant(roster, Poke(agent=spelling, text="x").agent) is jose
    assert agent_meant(roster, f"{spelling.strip()}@shop") is jose
    assert ListContractsQuery(name=spelling).name == COMPOSED
    assert AddressBook(roster).read(f"docs@docs, {spelling.strip()}").agent_ids == (DOCS.agent_id, "J")
    rows = AGENTS.rows(replace(FILLED, roster=roster), FILLED.roster[0].agent.last_seen_at)
    assert [row.key for row in Filter(f"@{spelling.strip()}").select(rows)] == ["J"]


async def test_what_an_old_file_holds_in_another_spelling_is_found(register: Connect, sql: Sql) -> None:
    bob, jose = await register("bob"), await register(COMPOSED)
    await bob.call("register_contract", name=COMPOSED, schema={})
    sql("UPDATE agents SET name = ? WHERE name = ?", OLD_FILE, COMPOSED)
    sql("UPDATE contracts SET name = ?", OLD_FILE)
    await bob.call("unregister_self")
    await bob.register("bob")

    for spelling in SPELLINGS:
        sent = await bob.call("send_message", to_agent_name=spelling, body="x")
        assert sent["recipients"] == [jose.agent_id], spelling
        assert (await bob.call("get_contract", name=spelling))["version"] == 1
    assert (await bob.call("register_contract", name=COMPOSED, schema={"type": "object"}))["version"] == 2


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("name", ["a\nb", "a\x1b[31m", "a\u3164", "\u2800", "x" * 201])
async def test_no_two_contracts_look_the_same(register: Connect, sql: Sql, name: str) -> None:
    bob = await register("bob")

    attempts: tuple[tuple[str, dict[str, Any]], ...] = (
        ("register_contract", {"schema": {}}),
        ("subscribe_contract", {}),
    )
    for tool, more in attempts:
        assert (await bob.call(tool, name=name, **more))["error"] == "invalid_contract_name"
    assert sql("SELECT count(*) FROM contracts") == [(0,)]


def test_a_word_that_means_nobody_is_told_as_it_was_meant() -> None:
    with pytest.raises(Refusal, match="unknown_agent"):
        agent_meant(FILLED.roster, "nobody")
