"""Action to launch an agent."""

from pathlib import Path

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.core.model.launches import LaunchFormEntry, LaunchResult
from xats_tui.screens.actions.acting import ActionContext
from xats_tui.screens.actions.action import ANY_PANEL, Action, modes
from xats_tui.screens.dialogs.launch_form import LaunchForm
from xats_tui.screens.modes.places import Mode, Panel
from xats_tui.screens.widgets.format import one_line

LAUNCH = Action(
    id="launch",
    key="n",
    shown_key="n",
    title="launch",
    help="Start an agent in a tmux window: Claude Code, Codex, opencode or another program.",
    modes=modes(Mode.LIVE, Mode.AGENTS),
    panels=ANY_PANEL - {Panel.TASKS},
    gives_way_to="next_hit",
    changes=True,
)


class LaunchActions(ActionContext):
    """Performs launches."""

    def action_launch(self) -> None:
        """Ask for the launch options, starting with the values of the selected agent."""
        entry = self.situation().agent
        view = self.snapshot.view(entry) if entry else None
        here = str(view.look.formats.get("pane_current_path") or "") if view else ""
        taken = frozenset((one.agent.team, one.agent.name) for one in self.snapshot.everyone if one.connected)
        client = str(entry.agent.client or "") if entry else ""
        form = LaunchForm(client, entry.agent.team if entry else "", here or str(Path.cwd()), taken)
        self.ask(form, lambda wish: self.carry_out(f"launching {wish.name}", self._launch(wish)))

    async def _launch(self, wish: LaunchFormEntry) -> str:
        return _outcome(await self.desk.verbs.ask(OperatorApi.launch, wish), self.key_of("go_to_pane"))


def _outcome(launched: LaunchResult, key: str) -> str:
    name = one_line(f"{launched.wanted.name}@{launched.wanted.team}")
    place = f"{one_line(launched.session)}:{launched.window}"
    if launched.is_new_session:
        return f"{name} is registered in a new tmux session; to see it, run\n{launched.pane.way(None)}"
    return f"{name} is registered in window {place}; {key} goes to its pane"
