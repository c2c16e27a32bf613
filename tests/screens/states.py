"""The states that a screen can be brought to by keys, and words that it then shows at every size."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from tests.screens.looking import settled, shows, text
from xats_tui.screens.modes.places import Mode

SIZES = ((80, 24), (120, 40), (160, 50))
SMALL, NORMAL, WIDE = SIZES


class State(NamedTuple):
    """The way to a state of the sample's screen."""

    keys: tuple[str, ...]
    words: tuple[str, ...]
    """Words on the screen; the first of them appears last."""


LISTS = {
    "marked": State(("4", "down", "space", "space"), ("2 marked", "✓ ◐ waiting     backend", "✓ ◐ waiting     docs")),
    "sorted": State(("4", "s", "S"), ("state▼", "✓ read        planner")),
    "filtered": State(("3", "slash", *"@qa", "enter"), ("/@qa: 3 of 9", "qa → backend", "backend → qa")),
    "paused": State(("2", "P"), ("paused", "◐ busy 11m")),
    "zoomed": State(
        ("6", "enter", "z"), ("esc back", "orders v3 → v4", "✕ narrowed", "Subscribers and readers", "never fetched")
    ),
    "typing-a-filter": State(("5", "slash", *"do"), (": do", "migrate the or", "cart totals")),
    "typing-a-command": State(("colon", *"wak"), (" : wakes", "Attention 7")),
    "an-inbox": State(("3", "i"), ("My inbox 1 unread", "planner → operator", "The cart is done.", "x mark read")),
    "a-thread": State(
        ("3", "enter"), ("Thread frontend", "… there is more before", "▌ On purpose?", "↩ requested, no reply for 6s")
    ),
}

SURE = ("Cancel",)
"""Every question can be answered with no."""

DIALOGS = {
    "help": State(("question_mark",), ("Wake agents, answer them", "Try this wake again", "esc close")),
    "quit": State(("ctrl+q",), ("Cancel", "6 agents are connected", "Leave running", "Stop all", "esc cancel")),
    "palette": State(("ctrl+p",), ("find (ctrl+f)", "Search for commands", "not now: already at the top")),
    "menu": State(("4", "full_stop"), ("type to filter", "Actions", "do not disturb", "esc leave")),
    "poke": State(("2", "p"), ("enter do it", "Poke docs@docs", "One line to type into its pane")),
    "rest": State(
        ("2", "d"),
        ("an hour", "Do not disturb docs@docs", "15 minutes", "until I turn it off", "turn off do not disturb"),
    ),
    "answer": State(
        ("2", "down", "down", "a"), ("enter choose", "backend@shop asks", "rm -rf build", "1  Yes", "3  No, and tell")
    ),
    "answer-sure": State(("2", "down", "down", "a", "3"), ("Send it", "backend@shop asks", "Send “3. No,", *SURE)),
    "remove": State(("2", "x"), ("Remove it", "Remove 1 agent?", "docs@docs leaves the list", *SURE)),
    "force": State(
        ("4", "f"), ("unfinished draft", "Force a wake?", "into the pane of qa", "A pane in copy mode", *SURE)
    ),
    "launch": State(
        ("2", "down", "down", "n", *"qa2"), ("ctrl+s launch", "Launch an agent", "● claude-code", "name     qa2")
    ),
    "task": State(
        ("5", "e"), ("ctrl+s save", "Task of team shop", "migrate the orders table", "[ ] ○ client for orders v4")
    ),
    "reassign": State(
        ("5", "R"),
        ("owns it already", "Give “migrate the orders table” to", "frontend  ● idle", "qa        ✕ shell"),
    ),
    "cancel-task": State(("5", "x"), ("Cancel task", "Cancel 1 task?", "No longer waiting", "ctrl+z", *SURE)),
    "cancel": State(
        ("4", "down", "space", "space", "c"), ("End them", "End 2 wakes?", "backend, docs will not be woken", *SURE)
    ),
    "compose": State(
        ("3", "m", *"hello"),
        ("5 of 262,144 bytes", "Message from the operator", "to       backend@shop", "[✓] requested"),
    ),
    "reply": State(
        ("3", "i", "r"), ("planner wrote", "to       planner@shop", "Re: release today?", "│ Shall I wait for it?")
    ),
    "broadcast": State(
        ("3", "i", "m", *"team:docs", "tab", "tab", "tab", "x", "ctrl+s"),
        ("Send to 2 agents?", "● docs@docs", "away, receives it later", *SURE),
    ),
}

INSIDE = {
    Mode.AGENTS: ("No known pane for", "Agent", "state         ○ away 41m", "may be woken  yes"),
    Mode.MESSAGES: ("Thread backend ⇄ frontend", "▌ orders v4", "reply         not requested", "● submitted"),
    Mode.WAKES: ("Wake → backend@shop", "next try  in 6m40s", "why not?  a try now", "✕ state          busy"),
    Mode.TASKS: ("Task", "owner         ✕ writer, has left", "Dependencies", "waits for nothing"),
    Mode.CONTRACTS: ("Contract cart v1 → v2", "✔ readers of v2", "✕ widened", "No agent has subscribed"),
    Mode.ACTIVITY: ("what          contract registered", "Coordinator", "loop lag", "4 sessions"),
}
"""By mode, what the detail of the second row says on a small screen, where it takes the place of the list."""


def into(mode: Mode) -> tuple[str, ...]:
    """The keys that lead into the detail of a mode's second row."""
    return mode.digit, "down", "enter"


def after(*keys: str, words: str = "xats :9100") -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Press these keys once the data is there, then wait for words."""

    async def press(pilot: Pilot[Any]) -> None:
        await shows(pilot, "xats :9100")
        await settled(pilot)
        await pilot.press(*keys)
        await shows(pilot, words)
        await settled(pilot)

    return press


def still(pilot: Pilot[Any]) -> None:
    """No cursor blinks in a picture."""
    for screen in pilot.app.screen_stack:
        for blinking in (*screen.query(Input), *screen.query(TextArea)):
            blinking.cursor_blink = False


def missing(pilot: Pilot[Any], words: tuple[str, ...]) -> list[str]:
    """Return the words that the screen does not show."""
    shown = text(pilot)
    return [each for each in words if each not in shown]
