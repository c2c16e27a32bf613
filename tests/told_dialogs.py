"""Dialogs that a client tells of, opened by hand on a coordinator's board."""

from dataclasses import dataclass, field
from typing import Any

from xats_tui.backend.coordinator import Coordinator
from xats_tui.core.errors import Refusal
from xats_tui.core.model.client_states import Dialog, DialogKind, DialogOption, Effect
from xats_tui.core.records import replace

OPTIONS = (
    DialogOption(number=1, label="Allow once", effect=Effect.ALLOW),
    DialogOption(number=2, label="Allow always", effect=Effect.ALLOW_ALWAYS),
    DialogOption(number=3, label="Deny", effect=Effect.DENY),
)
"""Options of a permission."""


@dataclass(slots=True, kw_only=True)
class ToldDialog:
    """A dialog on the board, and the answers that its client got."""

    backend: Coordinator
    dialog: Dialog
    refusal: Refusal | None = None
    """Refusal of the client."""
    got: list[tuple[int, str]] = field(default_factory=list)

    def put(self) -> None:
        """Put it on the board, as it is known now."""
        self.backend.states.open_dialog(self.dialog, self._answer)

    def change(self, **changes: Any) -> None:
        """Put it on the board anew with changes."""
        self.dialog = replace(self.dialog, **changes)
        self.put()

    async def _answer(self, option: DialogOption, text: str) -> None:
        if self.refusal:
            raise self.refusal
        self.got.append((option.number, text))


def tell(backend: Coordinator, agent_id: str, command: str = "touch x", **changes: Any) -> ToldDialog:
    """Open a dialog of an agent's client, which asks whether a command may be run."""
    dialog = Dialog(
        id=f"dialog-{command}",
        agent_id=agent_id,
        source="stand-in",
        kind=DialogKind.PERMISSION,
        tool="Bash",
        subject=command,
        text=f"command: {command}\nreason: it is needed",
        options=OPTIONS,
        opened_at=backend.clock.now(),
    )
    told = ToldDialog(backend=backend, dialog=replace(dialog, **changes))
    told.put()
    return told
