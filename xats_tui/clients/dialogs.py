"""Dialogs on a pane's screen: the question, and the answers on offer.

The readers know the prompts by which agents ask a person: permissions and questions.  Menus that a person has opened,
prompts that are not wholly on the screen and those in which somebody is typing are for whoever sits at the pane.  Pure.
"""

import re
from collections.abc import Mapping
from typing import Any

from xats_tui.clients.registry import dialog_reader
from xats_tui.core.model.panes import Prompt
from xats_tui.core.records import replace
from xats_tui.core.screen.ansi_grid import parse_screen
from xats_tui.core.screen.options import joined, text_of

CHECKBOX = re.compile(r"\[.\] |[☐☑☒] ")
"""Beginning of an option where several can be chosen together."""

NOT_KNOWN = "this dialog is not one that can be answered from here"


def read_prompt(client: str | None, screen: str, formats: Mapping[str, Any]) -> Prompt:
    """Return the dialog on a screen; it has no options if it cannot be answered from here.

    Args:
        client: the program in the pane.
        screen: the visible screen as `capture-pane -p -e` prints it.
        formats: tmux formats of the same moment; width and cursor are what counts.
    """
    lines = parse_screen(screen, str(formats.get("version") or ""))
    reader = dialog_reader(client)
    found = reader(lines, formats) if reader else None
    if found is None:
        found = Prompt(text=joined(text_of(lines)), options=(), why_not=NOT_KNOWN)
    elif not found.why_not and any(CHECKBOX.match(option.label) for option in found.options):
        found = replace(found, why_not="several of its options can be chosen together")
    return replace(found, options=() if found.why_not else found.options, screen=screen)
