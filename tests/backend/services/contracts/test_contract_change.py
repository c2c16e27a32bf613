"""Change between two versions of a contract, as the operator sees it."""

import pytest

from tests.conftest import Connect, Sql
from xats_tui.backend.coordinator import Coordinator
from xats_tui.core.errors import Refusal

NUMBERS = {"type": "object", "properties": {"n": {"type": "number"}}}
WHOLE_ONES = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


async def test_two_versions_are_shown_with_what_is_in_whose_way(backend: Coordinator, register: Connect) -> None:
    alice = await register("alice", team="red")
    for schema in (NUMBERS, WHOLE_ONES):
        await alice.call("register_contract", name="order", schema=schema)

    change = await backend.contracts.change("red", "order", 1, 2)

    assert change.old is not None
    assert (change.old.version, change.new.version) == (1, 2)
    assert (change.backward, change.forward) == (False, True)
    assert change.reasons
    assert all(reason.of_new for reason in change.reasons)


async def test_a_version_alone_means_nothing_and_looking_is_no_fetching(
    backend: Coordinator, register: Connect, sql: Sql
) -> None:
    alice = await register("alice", team="red")
    await alice.call("register_contract", name="order", schema=NUMBERS)

    change = await backend.contracts.change("red", "order", None, 1)

    assert (change.old, change.new.version, change.backward, change.forward, change.reasons) == (
        None,
        1,
        None,
        None,
        (),
    )
    assert sql("SELECT count(*) FROM contract_fetches") == [(0,)]
    for name, version, code in (("order", 2, "unknown_version"), ("invoice", 1, "unknown_contract")):
        with pytest.raises(Refusal, match=code):
            await backend.contracts.change("red", name, None, version)
