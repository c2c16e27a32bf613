"""Questions of agents, drawn for the answer dialog: the client's own words, or else the screen of its pane."""

import re
from collections.abc import Sequence

from textual.content import Content

from xats_tui.core.model.client_states import Asked, Dialog, DialogKind, DialogOption, Effect
from xats_tui.core.model.panes import Option
from xats_tui.screens.widgets.ansi import pane_lines
from xats_tui.screens.widgets.format import Tone, many_lines, one_line
from xats_tui.screens.widgets.theme import CONTENT_STYLES

RULE = re.compile(r" *(\S)\1{8,} *")
"""A line that consists of a single repeated character, such as a border."""

HUNK = re.compile(r"^@@ .* @@", re.MULTILINE)
"""The mark of a unified diff."""

DIFF_TONES = {"+": Tone.GOOD, "-": Tone.BAD, "@": Tone.MUTED}

TYPED_THERE = "must be typed in the pane: g goes there"

FOR_LATER = "also for later uses"

NO_INTERFACE = "only the agent's own dialog takes an answer"


def question_lines(asked: Asked, width: int) -> list[Content]:
    """Return what is asked, line by line; lines like borders are cut to the width, others may wrap."""
    if isinstance(asked, Dialog):
        return _told_lines(asked)
    lines = [Content.from_rich_text(line) for line in pane_lines(asked.screen)]
    return [line.truncate(width) if RULE.fullmatch(line.plain) else line for line in lines]


def is_drawn_alike(one: Asked | None, other: Asked) -> bool:
    """Return whether both questions look the same."""
    if one is None or isinstance(one, Dialog) or isinstance(other, Dialog):
        return one == other
    return one.screen == other.screen


def why_not(asked: Asked) -> str:
    """Return the reason why a question without options cannot be answered from here."""
    return NO_INTERFACE if isinstance(asked, Dialog) else asked.why_not


def needs_words(asked: Asked, option: Option) -> bool:
    """Return whether an option is answered with words that can be given from here."""
    return isinstance(asked, Dialog) and option.needs_typing


def does_nothing_later(asked: Asked, option: Option) -> bool:
    """Return whether an option is recognised to allow or refuse one use of a tool, and nothing later."""
    if not isinstance(asked, Dialog):
        return option.number in asked.once
    effect = option.effect if isinstance(option, DialogOption) else None
    return asked.kind is DialogKind.PERMISSION and effect in {Effect.ALLOW, Effect.DENY} and not option.needs_typing


def is_offered(asked: Asked, option: Option) -> bool:
    """Return whether an option can be chosen from here."""
    return isinstance(asked, Dialog) or not option.needs_typing


def option_line(asked: Asked, option: Option) -> Content:
    """Return an option as one line."""
    muted, offered = CONTENT_STYLES[Tone.MUTED], is_offered(asked, option)
    note = one_line(option.note) if offered else TYPED_THERE
    if isinstance(option, DialogOption) and option.effect is Effect.ALLOW_ALWAYS:
        note = " · ".join(filter(None, (FOR_LATER, note)))
    return Content.assemble(
        (f"{option.number}  ", CONTENT_STYLES[Tone.ACCENT]),
        (one_line(option.label), "" if offered else muted),
        (f"  {note}" if note else "", muted),
    )


def _told_lines(dialog: Dialog) -> list[Content]:
    tool = one_line(dialog.tool)
    head = f"wants to use {tool}" if dialog.kind is DialogKind.PERMISSION and tool else dialog.kind.value
    first = Content.assemble(
        (head, CONTENT_STYLES[Tone.STRONG]), (f"  told by its {one_line(dialog.source)}", CONTENT_STYLES[Tone.MUTED])
    )
    return [first, Content(), *_text_lines(many_lines(dialog.text or dialog.subject).split("\n"), dialog.text)]


def _text_lines(lines: Sequence[str], text: str) -> list[Content]:
    if not HUNK.search(text):
        return [Content(line) for line in lines]
    return [Content.styled(line, CONTENT_STYLES[DIFF_TONES.get(line[:1], Tone.PLAIN)]) for line in lines]
