"""Actions that store something: the database in a new file, a detail as Markdown on the clipboard or in a file."""

import asyncio
from pathlib import Path

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.runtime import private_files
from xats_tui.screens.actions.acting import ActionContext
from xats_tui.screens.actions.action import Action
from xats_tui.screens.actions.situation import needs_row
from xats_tui.screens.data.verbs import VerbRefused
from xats_tui.screens.widgets.format import one_line

MAX_COPIED_BYTES = 74_994
"""Maximum bytes that common terminals take for the clipboard."""

COPY_TICKET = Action(
    id="copy_ticket",
    key="Y",
    shown_key="Y",
    title="copy as Markdown",
    help="Copy what the detail of this row shows as Markdown, for a ticket; :export FILE writes it into a file.",
    why_not=needs_row,
    in_footer=False,
)

SAVE_DATABASE = Action(
    id="save_database",
    key="ctrl+s",
    shown_key="ctrl+s",
    title="save",
    help="Write all stored data into a new file, even if the database file was deleted.",
    in_footer=False,
)


class StoringActions(ActionContext):
    """Performs the actions."""

    def action_save_database(self) -> None:
        """Ask the coordinator to write the file and show its name."""
        self.carry_out("saving the database", self._save_database())

    def action_copy_ticket(self) -> None:
        """Copy the detail as Markdown."""
        self.carry_out("copying", self._copy_ticket())

    def export(self, words: str) -> None:
        """Write the detail as Markdown into a file; ask before another file is replaced."""
        if not words:
            self.tell("Type the name of a file: :export wake.md", "warning")
            return
        try:
            path = Path(words).expanduser().absolute()
            is_there, is_file = path.exists(), path.is_file()
        except (OSError, RuntimeError, ValueError) as error:  # no such user, a folder that is closed, a null character
            self.tell(f"{one_line(words)} was not written: {one_line(str(error))}", "warning")
            return
        if is_there and not is_file:
            self.tell(f"{one_line(str(path))} is not a file", "warning")
        elif is_there:
            sentence = f"{one_line(str(path))} exists.  What it holds is lost."
            self.confirm("Replace the file?", sentence, "Replace it", lambda: self._write_file(path, replace=True))
        else:
            self._write_file(path, replace=False)

    def _write_file(self, path: Path, *, replace: bool) -> None:
        self.carry_out(f"writing {one_line(path.name)}", self._export(path, replace=replace))

    async def _save_database(self) -> str:
        saved = await self.desk.verbs.ask(OperatorApi.save_database)
        return f"Saved as {one_line(str(saved))}"

    async def _copy_ticket(self) -> str:
        text = await self._ticket()
        if len(text.encode()) > MAX_COPIED_BYTES:
            raise VerbRefused(
                "too_long", "too long for the clipboard of a terminal; :export FILE writes it into a file"
            )
        self.app.copy_to_clipboard(text)
        return f"copied as Markdown: {one_line(text.partition(chr(10))[0].removeprefix('## '))}"

    async def _export(self, path: Path, *, replace: bool) -> str:
        text = await self._ticket()
        try:
            await asyncio.to_thread(private_files.write, path, text, replace=replace)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise VerbRefused("not_written", f"{one_line(path.name)} was not written: {reason}") from error
        return f"written to {one_line(str(path))}"

    async def _ticket(self) -> str:
        if text := await self.ticket():
            return text
        raise VerbRefused("nothing_selected", "nothing is selected whose detail could be written")
