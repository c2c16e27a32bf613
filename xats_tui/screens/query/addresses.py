"""Address lines: `name` or `name@team`, `role:x`, `role:x@team`, `team:x`, separated by commas.

The parser is pure: it needs the roster only.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from msgspec import Struct

from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.model.labels import folded
from xats_tui.core.model.messages import BROADCAST_MARK, Addressees
from xats_tui.core.records import replace
from xats_tui.screens.widgets.format import one_line

SEPARATOR = ", "

Letters = tuple[Addressees, ...]


class ReadAddresses(Struct, frozen=True):
    """Result of reading a line of addresses."""

    letters: Letters
    """One entry for each named agent, and one for each team of a role or whole team; no agent is in two."""
    unknown: tuple[str, ...]
    """Addresses that match nobody."""

    @property
    def agent_ids(self) -> tuple[str, ...]:
        """All recipients."""
        return tuple(agent_id for letter in self.letters for agent_id in letter.agent_ids)

    @property
    def is_broadcast(self) -> bool:
        """True if a role or a team is addressed."""
        return any(letter.to_role is not None for letter in self.letters)


class AddressBook:
    """All addresses that are currently valid."""

    def __init__(self, roster: Sequence[RosterEntry]) -> None:
        self._meant: dict[str, tuple[str, Letters]] = {}
        times = Counter(folded(one_line(entry.agent.name)) for entry in roster)
        for address, letters in (*_agents(roster, times), *_roles(roster), *_teams(roster)):
            self._meant.setdefault(folded(address), (address, letters))

    def read(self, line: str) -> ReadAddresses:
        """Return the recipients of a line."""
        letters: list[Addressees] = []
        unknown: list[str] = []
        rest = line.strip(SEPARATOR)
        while rest:
            # A name may contain a comma, so the longest fitting address wins.
            length, fitting = max((_length_in(rest, known), known) for known in ("", *self._meant))
            if not length:
                word, _, rest = rest.partition(",")
                unknown.append(word.strip())
            else:
                letters += self._meant[fitting][1]
                rest = rest[length:]
            rest = rest.strip(SEPARATOR)
        return ReadAddresses(_each_once(letters), tuple(unknown))

    def complete(self, line: str) -> str | None:
        """Return the line with its last address completed; None if nothing fits."""
        before, comma, word = line.rpartition(",")
        typed = folded(word.strip())
        fitting = next((text for known, (text, _) in self._meant.items() if typed and known.startswith(typed)), None)
        return f"{before}{comma}{' ' if comma else ''}{fitting}" if fitting else None

    def suggest(self, unknown: str) -> str | None:
        """Return the address that was probably meant: a role, a team or a similar address; None if there is none."""
        typed = folded(unknown)
        similar = get_close_matches(typed, self._meant, n=1)
        likely = (f"role:{typed}", f"team:{typed}", *similar)
        return next((self._meant[address][0] for address in likely if address in self._meant), None)


def address_of(entry: RosterEntry) -> str:
    """Return the unambiguous address of an agent."""
    return one_line(entry.agent.address)


def _agents(roster: Sequence[RosterEntry], times: Mapping[str, int]) -> list[tuple[str, Letters]]:
    full = [(address_of(entry), _one(entry)) for entry in roster]
    short = [
        (one_line(entry.agent.name), _one(entry)) for entry in roster if times[folded(one_line(entry.agent.name))] == 1
    ]
    return [*full, *short]


def _roles(roster: Sequence[RosterEntry]) -> list[tuple[str, Letters]]:
    members: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for entry in roster:
        members[entry.agent.role][entry.agent.team].append(entry.agent.agent_id)
    found: list[tuple[str, Letters]] = []
    for role, teams in members.items():
        letters = [Addressees(team=team, agent_ids=tuple(ids), to_role=role) for team, ids in teams.items()]
        found.append((f"role:{one_line(role)}", tuple(letters)))
        if len(letters) > 1:
            found += [(f"role:{one_line(role)}@{one_line(letter.team)}", (letter,)) for letter in letters]
    return found


def _teams(roster: Sequence[RosterEntry]) -> list[tuple[str, Letters]]:
    members: dict[str, list[str]] = defaultdict(list)
    for entry in roster:
        members[entry.agent.team].append(entry.agent.agent_id)
    return [
        (f"team:{one_line(team)}", (Addressees(team=team, agent_ids=tuple(ids), to_role=BROADCAST_MARK),))
        for team, ids in members.items()
    ]


def _one(entry: RosterEntry) -> Letters:
    return (Addressees(team=entry.agent.team, agent_ids=(entry.agent.agent_id,)),)


def _length_in(line: str, known: str) -> int:
    """Return the length of this address at the start of the line; 0 if the line does not start with it."""
    ends = (end for end in range(1, len(line) + 1) if folded(line[:end]) == known)
    return next((end for end in ends if line[end:].lstrip()[:1] in ("", ",")), 0)


def _each_once(letters: Sequence[Addressees]) -> Letters:
    """Return the letters with each agent in one of them only; an agent that is named keeps the letter by name."""
    seen: set[str] = set()
    kept: dict[Addressees, Addressees] = {}
    for letter in sorted(letters, key=lambda letter: letter.to_role is not None):
        fresh = tuple(agent_id for agent_id in letter.agent_ids if agent_id not in seen)
        seen.update(fresh)
        if fresh:
            kept[letter] = replace(letter, agent_ids=fresh)
    return tuple(kept.values())
