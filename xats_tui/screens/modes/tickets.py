"""Tickets of the modes: what the detail of a row shows, with everything that is loaded for it, as Markdown."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from textual.content import Content

from xats_tui.core.errors import XatsError
from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.model.contracts import ContractSummary
from xats_tui.core.model.tasks import TaskEntry
from xats_tui.core.model.wakes import Wake
from xats_tui.screens.data.snapshot import Snapshot, SnapshotSource
from xats_tui.screens.data.targets import Letter, Target, WakeGroup, find, identifier, open_wake_of, was_not_read
from xats_tui.screens.data.verbs import VerbRefused
from xats_tui.screens.details.activity import activity_detail
from xats_tui.screens.details.agents import AgentFacts, agent_detail
from xats_tui.screens.details.contracts import SIDE_BY_SIDE_CELLS, change_detail, contract_title, interest_detail
from xats_tui.screens.details.messages import message_detail, thread_title
from xats_tui.screens.details.tasks import dependency_tree, task_detail
from xats_tui.screens.details.tickets import TICKET_CELLS, Section, task_history, ticket
from xats_tui.screens.details.wakes import Looked, wake_detail, wake_title
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.rows.contracts import shown_versions

UNREADABLE = "This version cannot be read."


class TicketWriter(Struct, frozen=True, kw_only=True):
    """Writes the tickets of a snapshot."""

    snapshot: Snapshot
    source: SnapshotSource
    now: datetime
    marked: Sequence[str] = ()
    """Marked rows: two versions of a contract are compared with each other."""
    is_whole: bool = False
    """True if the later schema of a contract is wanted without a comparison."""

    async def write(self, mode: Mode, key: str) -> str | None:
        """Return the ticket of a row of a mode; None if what it stands for is gone.

        Raises:
            VerbRefused: what belongs to the detail could not be loaded.
        """
        target = find(self.snapshot, mode, key.split("\n")[0])  # a version's row stands for its contract
        if target is None:
            return None
        try:
            title, sections = await self._parts(mode, key, target)
        except XatsError as error:
            raise VerbRefused("not_loaded", f"the detail could not be loaded: {error}") from error
        return ticket(title, sections, self.now)

    async def _parts(self, mode: Mode, key: str, target: Target) -> tuple[str, Sequence[Section]]:
        match target:
            case RosterEntry():
                return f"Agent {target.agent.address}", await self._of_agent(key)
            case Letter():
                title = target.first.subject or thread_title(self.snapshot, target)
                return f"Message {title}", await self._of_message(key, target)
            case WakeGroup():
                return await self._of_wake(target.lead)
            case Wake():
                return await self._of_wake(target)
            case TaskEntry():
                return f"Task {target.task.title}", self._of_task(key)
            case ContractSummary():
                return await self._of_contract(key)
            case _:
                detail = activity_detail(self.snapshot, key, self.now)
                return f"{mode.noun.capitalize()} {identifier(target)}", _sections(detail)

    async def _of_agent(self, key: str) -> Sequence[Section]:
        wake = open_wake_of(self.snapshot, key)
        ways = await self.source.ways(key)
        gates = await self.source.why_not(wake.message_id, key) if wake else None
        return _sections(agent_detail(self.snapshot, key, self.now, AgentFacts(ways=ways, gates=gates)))

    async def _of_message(self, key: str, letter: Letter) -> Sequence[Section]:
        receipts = await self.source.receipts(letter.first.id)
        return _sections(message_detail(self.snapshot, key, self.now, receipts))

    async def _of_wake(self, wake: Wake) -> tuple[str, Sequence[Section]]:
        attempts = await self.source.attempts(wake.message_id, wake.agent_id)
        gates = await self.source.why_not(wake.message_id, wake.agent_id) if was_not_read(wake) else ()
        looked = Looked(attempts=attempts, gates=gates)
        title = f"Wake{wake_title(self.snapshot, wake, self.now).plain}"
        return title, _sections(wake_detail(self.snapshot, wake.key, self.now, looked, TICKET_CELLS))

    def _of_task(self, key: str) -> Sequence[Section]:
        tree, history = dependency_tree(self.snapshot, key), task_history(self.snapshot, key)
        detail = _sections(task_detail(self.snapshot, key, self.now))
        return [*detail, Section(tree or Content(), "Dependencies"), Section(history, "History")]

    async def _of_contract(self, key: str) -> tuple[str, Sequence[Section]]:
        shown = shown_versions(self.snapshot, key, self.marked)
        if shown is None:
            return "Contract", []
        change = await self.source.contract_change(*shown.versions)
        width = SIDE_BY_SIDE_CELLS - 1
        drawn = change_detail(change, width, whole=self.is_whole) if change else Content(UNREADABLE)
        interest = interest_detail(self.snapshot, shown.summary, self.now)
        title = f"Contract{contract_title(self.snapshot, shown.summary, shown.latest, shown.old).plain}"
        return title, [Section(drawn, language="diff"), Section(interest, "Subscribers and readers")]


def _sections(detail: Content | None) -> Sequence[Section]:
    return [Section(detail)] if detail else []
