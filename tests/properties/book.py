"""The book of contracts: versions count from 1 without a gap, and who subscribed hears of each exactly once."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from tests.properties.board import Board
from tests.properties.story import TEAMS, names

Range = tuple[int, int]

contracts = st.sampled_from(["order", "invoice"])
ranges = st.tuples(st.integers(min_value=0, max_value=2), st.integers(min_value=3, max_value=5))
"""The least and the greatest number that a version accepts: what a change of it means, anybody can tell."""


def schema_of(accepted: Range) -> dict[str, Any]:
    """A contract for the numbers of a range."""
    return {"type": "integer", "minimum": accepted[0], "maximum": accepted[1]}


class Book(Board):
    """Agents publish contracts and follow them."""

    def __init__(self) -> None:
        self.versions: dict[tuple[str, str], list[Range]] = {}
        """By team and name, from version 1 on."""
        self.published: list[tuple[str, str, int]] = []
        """Team, name and version, in the order of their registration."""
        self.subscribed: set[tuple[str, str]] = set()
        """Agents and the contracts that they are subscribed to."""
        self.newest_fetched: dict[tuple[str, str], int] = {}
        super().__init__()

    @rule(name=names, contract=contracts, accepted=ranges)
    def publishes(self, name: str, contract: str, accepted: Range) -> None:
        """A schema that is another than the newest is the next version, with what the change means."""
        if name not in self.registered:
            return
        versions = self.versions.setdefault((TEAMS[name], contract), [])
        answer = self.call(name, "register_contract", name=contract, schema=schema_of(accepted))
        if versions and versions[-1] == accepted:
            assert (answer["version"], answer["unchanged"]) == (len(versions), True)
            return
        assert answer["version"] == len(versions) + 1
        if versions:
            (old_least, old_greatest), (least, greatest) = versions[-1], accepted
            assert answer["compatibility"]["backward"] is (least <= old_least and greatest >= old_greatest)
            assert answer["compatibility"]["forward"] is (least >= old_least and greatest <= old_greatest)
        versions.append(accepted)
        self.published.append((TEAMS[name], contract, len(versions)))

    @rule(name=names, contract=contracts)
    def subscribes(self, name: str, contract: str) -> None:
        """Subscribe, and check that the answer has the newest version."""
        if name not in self.registered:
            return
        answer = self.call(name, "subscribe_contract", name=contract)
        assert answer["current_version"] == (len(self._versions_for(name, contract)) or None)
        self.subscribed.add((name, contract))

    @rule(name=names, contract=contracts, version=st.integers(min_value=0, max_value=4))
    def fetches(self, name: str, contract: str, version: int) -> None:
        """A version that is named stays what it was; 0 is the newest."""
        if name not in self.registered:
            return
        versions = self._versions_for(name, contract)
        answer = self.call(name, "get_contract", name=contract, version=version)
        if not versions or version > len(versions):
            assert answer["error"] == ("unknown_version" if versions else "unknown_contract")
            return
        number = version or len(versions)
        assert (answer["version"], answer["schema"]) == (number, schema_of(versions[number - 1]))
        key = (name, contract)
        self.newest_fetched[key] = max(number, self.newest_fetched.get(key, 0))

    @rule(name=names, limit=st.integers(min_value=1, max_value=3))
    def polls(self, name: str, limit: int) -> None:
        """The pages of a subscriber's events are the versions of what it follows, each once and in order."""
        if name not in self.registered:
            return
        cursor, heard = 0, []
        while True:
            answer = self.call(name, "pending_contract_events", since_event_id=cursor, limit=limit)
            assert len(answer["events"]) <= limit
            heard += [(TEAMS[name], event["contract_name"], event["version"]) for event in answer["events"]]
            cursor = answer["last_event_id"]
            if not answer["has_more"]:
                break
        followed = {(TEAMS[name], contract) for who, contract in self.subscribed if who == name}
        assert heard == [one for one in self.published if one[:2] in followed]

    @invariant()
    def versions_are_dense(self) -> None:
        """Every contract has the versions 1 to its newest, and its subscribers with what they have."""
        for summary in self.world.look(self.world.contracts.summaries(limit=10_000)):
            versions = self.versions[summary.team, summary.name]
            assert [one.version for one in summary.versions] == [*range(len(versions), 0, -1)]
            assert {(one.name, one.fetched_version) for one in summary.subscribers} == {
                (name, self.newest_fetched.get((name, contract)))
                for name, contract in self.subscribed
                if (TEAMS[name], contract) == (summary.team, summary.name)
            }

    def has_left(self, name: str) -> None:
        """Its subscriptions end with it."""
        super().has_left(name)
        self.subscribed = {one for one in self.subscribed if one[0] != name}

    def _versions_for(self, name: str, contract: str) -> list[Range]:
        return self.versions.get((TEAMS[name], contract), [])
