"""What can be done about the database itself."""

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.screens.actions.acting import ActionContext
from xats_tui.screens.actions.action import Action
from xats_tui.screens.widgets.format import one_line

SAVE_DATABASE = Action(
    id="save_database",
    key="ctrl+s",
    shown_key="ctrl+s",
    title="save",
    help="Write everything that is stored into a new file, also if the database was taken away.",
    in_footer=False,
)


class StoringActions(ActionContext):
    """Carries it out."""

    def action_save_database(self) -> None:
        """Have the coordinator write the file, and tell its name."""
        self.carry_out("saving the database", self._save_database())

    async def _save_database(self) -> str:
        saved = await self.desk.verbs.ask(OperatorApi.save_database)
        return f"Saved as {one_line(str(saved))}"
