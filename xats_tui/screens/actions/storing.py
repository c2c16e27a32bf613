"""Action to save the database."""

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.screens.actions.acting import ActionContext
from xats_tui.screens.actions.action import Action
from xats_tui.screens.widgets.format import one_line

SAVE_DATABASE = Action(
    id="save_database",
    key="ctrl+s",
    shown_key="ctrl+s",
    title="save",
    help="Write all stored data into a new file, even if the database file was deleted.",
    in_footer=False,
)


class StoringActions(ActionContext):
    """Performs the action."""

    def action_save_database(self) -> None:
        """Ask the coordinator to write the file and show its name."""
        self.carry_out("saving the database", self._save_database())

    async def _save_database(self) -> str:
        saved = await self.desk.verbs.ask(OperatorApi.save_database)
        return f"Saved as {one_line(str(saved))}"
