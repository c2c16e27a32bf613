"""Recipients in a line of addresses."""

import pytest

from tests.screens.sample.agents import BACKEND, DOCS, PLANNER, QA, TRANSLATOR
from tests.screens.sample.filled import FILLED, entry
from xats_tui.core.model.messages import BROADCAST_MARK, Addressees
from xats_tui.core.records import replace
from xats_tui.screens.query.addresses import AddressBook

BOOK = AddressBook(FILLED.roster)

SHOP = tuple(one.agent.agent_id for one in FILLED.roster if one.agent.team == "shop")


@pytest.mark.parametrize("line", ["backend", "Backend", "backend@shop", " backend , "])
def test_an_agent_is_meant_by_its_name_with_or_without_team(line: str) -> None:
    assert BOOK.read(line).letters == (Addressees(team="shop", agent_ids=(BACKEND.agent_id,)),)


def test_a_name_that_is_in_two_teams_needs_its_team() -> None:
    twins = AddressBook((*FILLED.roster, entry(replace(BACKEND, agent_id="other", team="docs"))))
    assert twins.read("backend").unknown == ("backend",)
    assert twins.read("backend@docs").agent_ids == ("other",)


def test_each_named_agent_gets_a_letter_of_its_own() -> None:
    assert BOOK.read("backend, docs@docs,qa").letters == (
        Addressees(team="shop", agent_ids=(BACKEND.agent_id,)),
        Addressees(team="docs", agent_ids=(DOCS.agent_id,)),
        Addressees(team="shop", agent_ids=(QA.agent_id,)),
    )


def test_a_team_is_everybody_in_it_whether_there_or_away() -> None:
    assert BOOK.read("team:docs").letters == (
        Addressees(team="docs", agent_ids=(DOCS.agent_id, TRANSLATOR.agent_id), to_role=BROADCAST_MARK),
    )


def test_a_role_is_one_letter_for_each_team_that_has_it() -> None:
    book = AddressBook((*FILLED.roster, entry(replace(PLANNER, agent_id="scribe", name="scribe", role="writer"))))
    writers = Addressees(team="docs", agent_ids=(DOCS.agent_id, TRANSLATOR.agent_id), to_role="writer")
    assert book.read("role:writer").letters == (
        writers,
        Addressees(team="shop", agent_ids=("scribe",), to_role="writer"),
    )
    assert book.read("role:writer@docs").letters == (writers,)


def test_who_is_meant_twice_gets_it_once() -> None:
    meant = BOOK.read("team:shop, qa, role:tester, backend, backend@shop")
    assert sorted(meant.agent_ids) == sorted(SHOP)
    assert [letter.to_role for letter in meant.letters] == [None, None, BROADCAST_MARK]


def test_a_name_may_hold_a_comma_and_a_blank() -> None:
    book = AddressBook((*FILLED.roster, entry(replace(QA, agent_id="odd", name="smith, john"))))
    assert book.read("qa, smith, john, backend").agent_ids == (QA.agent_id, "odd", BACKEND.agent_id)


def test_what_means_nobody_is_named() -> None:
    read = BOOK.read("backend, nobody, team:none, backendx")
    assert read.unknown == ("nobody", "team:none", "backendx")
    assert read.agent_ids == (BACKEND.agent_id,)


@pytest.mark.parametrize(
    ("unknown", "suggested"),
    [
        ("Tester", "role:tester"),
        ("docs@shop", "docs@docs"),
        ("shop", "team:shop"),
        ("backnd", "backend"),
        ("xyzzy", None),
    ],
)
def test_an_unknown_address_comes_with_the_one_that_was_probably_meant(unknown: str, suggested: str | None) -> None:
    assert BOOK.suggest(unknown) == suggested


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("ba", "backend@shop"),
        ("qa, Pl", "qa, planner@shop"),
        ("role:wr", "role:writer"),
        ("team:d", "team:docs"),
        ("", None),
        ("qa, ", None),
        ("zzz", None),
    ],
)
def test_the_last_address_is_completed(line: str, completed: str | None) -> None:
    assert BOOK.complete(line) == completed


def test_a_line_without_anybody_means_nobody() -> None:
    read = BOOK.read(" , ,")
    assert (read.letters, read.unknown, read.is_broadcast) == ((), (), False)
