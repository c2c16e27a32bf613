"""What is done to agents, wherever one is selected: poke, let rest, go to its pane."""

from datetime import timedelta

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.model.wakes import WakeStage
from xats_tui.screens.actions.acting import ActionContext
from xats_tui.screens.actions.action import Action, modes
from xats_tui.screens.actions.situation import needs_agent, needs_dialog, needs_pane
from xats_tui.screens.data.verbs import VerbRefused
from xats_tui.screens.dialogs.answering import Answered, AnswerPrompt
from xats_tui.screens.dialogs.asking import Ask, Pick, PickOption
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.widgets.format import count, one_line

AGENT_ACTIONS = (
    Action(
        id="poke",
        key="p",
        shown_key="p",
        title="poke",
        help="Put a line of your own before this agent, as soon as nothing stands in the way in its pane.",
        why_not=needs_pane,
        changes=True,
    ),
    Action(
        id="answer",
        key="a",
        shown_key="a",
        title="answer",
        help="Read what this agent asks a person, and choose one of the answers that it offers.",
        why_not=needs_dialog,
        changes=True,
    ),
    Action(
        id="go_to_pane",
        key="g",
        shown_key="g",
        title="go",
        help="Bring your tmux client to this agent's pane.",
        why_not=needs_pane,
    ),
    Action(
        id="rest",
        key="d",
        shown_key="d",
        title="let rest",
        help="Do not disturb this agent for a while: its mail is kept and its wakes wait; or wake it again.",
        why_not=needs_agent,
        changes=True,
        in_footer=False,
    ),
    Action(
        id="remove_agent",
        key="x",
        shown_key="x",
        title="remove agent",
        help="Remove this agent from its team, after a question; its id and mail are there when it comes back.",
        modes=modes(Mode.AGENTS),
        why_not=needs_agent,
        changes=True,
        in_footer=False,
    ),
)

RESTS = (
    PickOption("15", "15 minutes"),
    PickOption("60", "an hour"),
    PickOption("480", "eight hours"),
    PickOption("", "until I lift it"),
    PickOption("lift", "wake again", "lift a rest that was set before"),
)
"""How long an agent may be let rest, in minutes."""


class AgentActions(ActionContext):
    """Carries out what is done to agents."""

    def action_poke(self) -> None:
        """Ask for the line."""
        if entry := self.situation().agent:
            question = Ask(f"Poke {entry.agent.address}", "One line, put into its pane and sent if every gate allows:")
            self.ask(question, lambda line: self.carry_out(f"poking {entry.agent.name}", self._poke(entry, line)))

    def action_answer(self) -> None:
        """Show what it asks; the dialog sends the answer itself, and is left with the outcome."""

        def left(outcome: Answered) -> None:
            self.tell(outcome.sentence, "warning" if outcome.in_vain else "information")
            if outcome.go_to_pane:
                self.action_go_to_pane()

        if entry := self.situation().agent:
            self.ask(AnswerPrompt(self.desk.verbs, entry.agent), left)

    def action_remove_agent(self) -> None:
        """Ask, then remove all that are selected."""
        entries = self.situation().agents
        names = ", ".join(one_line(entry.agent.address) for entry in entries)
        one = len(entries) == 1
        consequence = (
            f"{names} will be gone from the list, with subscriptions and waiting wakes.  The program in the pane runs "
            "on; what was written stays, and whoever registers under the same name has the same id and mail again."
        )
        self.confirm(
            f"Remove {count(len(entries), 'agent')}?",
            consequence,
            "Remove it" if one else "Remove them",
            lambda: self.carry_out(f"removing {count(len(entries), 'agent')}", self._remove(entries)),
        )

    def action_go_to_pane(self) -> None:
        """Go there; what stands in the way is told."""
        if entry := self.situation().agent:
            self.carry_out(f"going to {entry.agent.name}", self._go_to(entry))

    def action_rest(self) -> None:
        """Ask for how long."""
        entries = self.situation().agents
        names = entries[0].agent.address if len(entries) == 1 else count(len(entries), "agent")
        question = Pick(f"Do not disturb {names}", RESTS)
        self.ask(question, lambda minutes: self.carry_out("setting rest", self._rest(entries, minutes)))

    async def _poke(self, entry: RosterEntry, line: str) -> str:
        proof = await self.desk.verbs.ask(OperatorApi.poke, entry.agent.agent_id, line)
        name = one_line(entry.agent.name)
        if proof.step is not WakeStage.SUBMITTED:
            raise VerbRefused("not_submitted", f"{name} was not poked: {one_line(proof.detail) or proof.step}")
        return f"poked {name}"

    async def _remove(self, entries: tuple[RosterEntry, ...]) -> str:
        removed: list[str] = []
        for entry in entries:
            name = one_line(entry.agent.name)
            try:
                await self.desk.verbs.ask(OperatorApi.remove_agent, entry.agent.agent_id)
                removed.append(name)
            except VerbRefused as refused:
                self.tell(f"{name} was not removed: {refused.sentence}", "warning")
        return f"removed {', '.join(removed)}" if removed else ""

    async def _go_to(self, entry: RosterEntry) -> str:
        await self.desk.verbs.ask(OperatorApi.go_to, entry.agent.agent_id)
        return ""

    async def _rest(self, entries: tuple[RosterEntry, ...], minutes: str) -> str:
        until = self.desk.clock.now() + timedelta(minutes=int(minutes)) if minutes.isdigit() else None
        for entry in entries:
            if minutes == "lift":
                await self.desk.verbs.ask(OperatorApi.disturb_agent, entry.agent.agent_id)
            else:
                await self.desk.verbs.ask(OperatorApi.rest_agent, entry.agent.agent_id, until)
        names = ", ".join(one_line(entry.agent.name) for entry in entries)
        return f"{names} can be woken again" if minutes == "lift" else f"{names} will not be disturbed"
