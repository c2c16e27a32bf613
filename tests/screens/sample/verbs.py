"""Verbs of the operator that do nothing and say they did."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from tests.screens.sample.agents import BACKEND
from tests.screens.sample.clock import NOW
from tests.screens.sample.panes import DIALOG_SCREEN
from tests.screens.sample.past import THEN
from tests.screens.sample.tasks import task
from tests.screens.sample.wakes import WAKES
from xats_tui.backend.operator_api.declaration import Verb
from xats_tui.clients.dialogs import read_prompt
from xats_tui.core.model.activity import Moment, Summary, SummaryLine
from xats_tui.core.model.client_states import Asked
from xats_tui.core.model.launches import LaunchFormEntry, LaunchRequest, LaunchResult
from xats_tui.core.model.messages import Addressees
from xats_tui.core.model.panes import PaneRef
from xats_tui.core.model.tasks import CANCELLED, Task, TaskDraft, TaskStatus
from xats_tui.core.model.wakes import DeliveryResult, Wake, WakeStage, WakeStatus
from xats_tui.core.records import replace
from xats_tui.core.search.records import FindQuery, FoundPage
from xats_tui.screens.data.verbs import P, T, VerbRefused


class FixedVerbs:
    """Does nothing and says it did; it remembers what, and can be told to refuse."""

    def __init__(self, *, read_only: bool = False) -> None:
        self.read_only = read_only
        self.refusing = ""
        self.asked: Asked | None = read_prompt("claude-code", DIALOG_SCREEN, {"pane_width": 56})
        self.asked_next: Asked | None = None
        self.done: list[tuple[object, ...]] = []
        self.found: Sequence[FoundPage] = ()
        """Pages of every search."""
        self.summary: tuple[SummaryLine, ...] = ()
        """What a summary of any span tells."""

    async def ask(self, verb: Verb[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call the method of that name."""
        answer: T = await getattr(self, verb.name)(*args, **kwargs)
        return answer

    async def find(self, query: FindQuery) -> FoundPage:
        """Return the page that the cursor numbers."""
        if self.refusing:
            raise VerbRefused("unknown_agent", self.refusing)
        self._note("find", query)
        return self.found[int(query.cursor or 0)]

    async def since(self, moment: datetime, team: str | None) -> Summary:
        """Return the sample's summary."""
        self._note("since", moment, team)
        return Summary(since=moment, until=NOW, team=team, lines=self.summary)

    async def past_span(self) -> tuple[Moment, Moment]:
        """Return the same moment twice: the log has just begun."""
        return THEN, THEN

    async def past_step(self, here: Moment, by: int) -> Moment | None:
        """Return None: there is no other moment."""
        return None

    async def past_moment(self, at: datetime) -> Moment:
        """Refuse: the log begins later."""
        raise VerbRefused("before_the_log", "the log begins later")

    async def poke(self, agent_id: str, text: str) -> DeliveryResult:
        """Claim that it was submitted."""
        self._note("poke", agent_id, text)
        return DeliveryResult(step=WakeStage.SUBMITTED, detail="", seen_before="", seen_after="")

    async def rest_agent(self, agent_id: str, until: datetime | None) -> None:
        """Remember it."""
        self._note("rest", agent_id, until)

    async def disturb_agent(self, agent_id: str) -> None:
        """Remember it."""
        self._note("disturb", agent_id)

    async def go_to(self, agent_id: str) -> None:
        """Remember it."""
        self._note("go", agent_id)

    async def launch(self, wish: LaunchFormEntry) -> LaunchResult:
        """Claim that it is there."""
        self._note("launch", wish.client, wish.name, wish.team, wish.role, wish.folder)
        return LaunchResult(
            wanted=LaunchRequest(
                client=wish.client, name=wish.name, team=wish.team, role=None, folder=Path(wish.folder)
            ),
            agent_id="launched-0001",
            delivery="none",
            pane=PaneRef("", "%9"),
            session="work",
            window=4,
            is_new_session=False,
        )

    async def prompt(self, agent_id: str) -> Asked:
        """Return the question of the sample's dialog."""
        if self.asked is None:
            raise VerbRefused("no_dialog", "the agent no longer asks anything")
        return self.asked

    async def answer(self, agent_id: str, seen: Asked, number: int, text: str = "") -> Asked | None:
        """Claim that it was taken; refuse if it is not what is asked."""
        if seen != self.asked:
            raise VerbRefused("prompt_changed", "the question changed: the agent now asks something else")
        self._note("answer", agent_id, number, *filter(None, [text]))
        self.asked = self.asked_next
        return self.asked

    async def remove_agent(self, agent_id: str) -> None:
        """Remember it."""
        self._note("remove", agent_id)

    async def alert(self, text: str) -> None:
        """Remember it."""
        self._note("alert", text)

    async def save_database(self) -> Path:
        """Claim that it was."""
        self._note("save")
        return Path("/sample/data.db.saved")

    async def replay(self, wakes: Sequence[tuple[str, str]]) -> int:
        """Claim that all were replayed."""
        self._note("replay", *wakes)
        return len(wakes)

    async def cancel_wake(self, message_id: str, agent_id: str) -> None:
        """Remember it."""
        self._note("cancel", message_id, agent_id)

    async def force(self, message_id: str, agent_id: str) -> Wake:
        """Claim that it was submitted, unless a dialog is open."""
        self._note("force", message_id, agent_id)
        forced = next(wake for wake in WAKES if (wake.message_id, wake.agent_id) == (message_id, agent_id))
        is_in_dialog = agent_id == BACKEND.agent_id
        return forced if is_in_dialog else replace(forced, status=WakeStatus.DELIVERED, detail="typed and taken")

    async def send(
        self,
        letters: Sequence[Addressees],
        body: str,
        *,
        subject: str | None,
        need_reply: bool,
        urgent: bool,
        answers: str | None,
    ) -> int:
        """Claim that it was sent."""
        self._note("send", tuple(letters), body, subject, need_reply, urgent, answers)
        return sum(len(letter.agent_ids) for letter in letters)

    async def mark_read(self, message_ids: Sequence[str]) -> int:
        """Claim that none was read before."""
        self._note("read", *message_ids)
        return len(message_ids)

    async def add_task(self, team: str, draft: TaskDraft) -> Task:
        """Claim that it is on the board."""
        self._note("add task", team, draft)
        return replace(task(50, draft.title, TaskStatus.PENDING, 0).task, team=team, description=draft.description)

    async def edit_task(self, seen: Task, draft: TaskDraft) -> Task:
        """Claim that it says that."""
        self._note("edit task", seen.id, draft)
        return replace(seen, title=draft.title, description=draft.description, depends_on=draft.depends_on)

    async def reassign_task(self, seen: Task, agent_id: str) -> Task:
        """Claim that it is that agent's."""
        self._note("reassign task", seen.id, agent_id)
        return replace(seen, status=TaskStatus.IN_PROGRESS, claimed_by=agent_id, claimed_at=NOW)

    async def release_task(self, seen: Task) -> Task:
        """Claim that it is nobody's."""
        self._note("release task", seen.id)
        return replace(seen, status=TaskStatus.PENDING, claimed_by=None, claimed_at=None)

    async def cancel_task(self, seen: Task) -> Task:
        """Claim that it is off the board."""
        self._note("cancel task", seen.id)
        return replace(seen, status=TaskStatus.COMPLETED, completed_at=NOW, result=CANCELLED)

    async def restore_task(self, seen: Task, before: Task) -> Task:
        """Claim that it is as before."""
        self._note("restore task", seen.id, before.status)
        return before

    def _note(self, *what: object) -> None:
        if self.refusing:
            raise VerbRefused("refused", self.refusing)
        self.done.append(what)
