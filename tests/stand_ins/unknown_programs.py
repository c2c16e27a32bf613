"""Screens of programs that no reader knows and that must not get a hint, each drawn once, then left alone.

Run as `unknown_programs.py SCREEN LOG`: whatever the terminal sends is written to LOG.
"""

import os
import sys
import tty
from pathlib import Path

HIDE = "\x1b[?25l"

RULE = "─" * 118

BOX = f"╭{RULE}╮", f"╰{RULE}╯"

PERMISSION = f"""\
⛬  I shall clean up first.

  Command to approve
  ↳ rm -rf build
{BOX[0]}
│  Yes, allow{" " * 107}│
│  No, cancel{" " * 107}│
{BOX[1]}
  ↑↓ navigate   Enter select   Esc cancel
{HIDE}"""
"""The cursor is hidden, on an empty line below a box in which colour alone says which option is chosen."""

CONFIRMATION = f"""\
 Overwrite orders.py, which has changes that are not committed
   Yes
   No
{HIDE}"""
"""Nothing but the words says that this is a question."""

QUESTION = f"""\
 The agent needs information.

 Database
 {RULE}
  ❯ {{cursor}}
 {RULE}

 enter accept · ctrl+d decline · esc cancel
"""
"""A field that looks exactly like a composer; its counter does not tick."""

MENU = f"""\
 Auto (Off) · all actions require approval
{BOX[0]}
│ > /{" " * 114}│
{BOX[1]}
  ── Configs ──
   /account                         Open your account
   /billing                         Open your billing
   /cd                              Change the directory
{HIDE}"""
"""A half-typed command; the hidden cursor is below the list."""

DRAFT = f"""\
{RULE}
❯ Drop the table orders,
  {{cursor}}
{RULE}
 / commands · ? help
"""
"""A person has begun a second line."""

QUOTING = """\
 ready

 ❯ As it was written:
   > {cursor}
"""
"""A person's second line begins like a prompt."""

QUOTING_LATER = f"""\
{RULE}
❯ As it was written:

  > {{cursor}}
{RULE}
 / commands · ? help
"""
"""It begins so after an empty line."""

SPACES = """\
 ready

bob>   {cursor}"""
"""A person has typed spaces."""

ABOVE_A_DRAFT = f"""\
{RULE}
❯ {{cursor}}
  Drop the table orders
{RULE}
 / commands · ? help
"""
"""The cursor is in the empty first line of a draft."""

LIST = """\
Which database shall I use?
  1. pg
  2. my
> {cursor}"""

FILTER = """\
  production
> \x1b[7mstaging\x1b[0m
  3/3 ────────────
> {cursor}"""

EDITOR = """\
{cursor}
~
~
~
"""

SCREENS = {
    "permission": PERMISSION,
    "confirmation": CONFIRMATION,
    "question": QUESTION,
    "menu": MENU,
    "draft": DRAFT,
    "quoting": QUOTING,
    "quoting-later": QUOTING_LATER,
    "spaces": SPACES,
    "above-a-draft": ABOVE_A_DRAFT,
    "list": LIST,
    "filter": FILTER,
    "editor": EDITOR,
}

DIALOGS = ("permission", "question", "list", "filter")
"""Screens with a question that even a generic reader can recognise."""


def drawn(screen: str) -> str:
    """Return the output that draws a screen and puts the cursor into its place."""
    text = screen.replace("\n", "\r\n").replace("{cursor}", "\x1b7")
    return f"\x1b[?2004h\x1b[2J\x1b[H{text}" + ("\x1b8" if "{cursor}" in screen else "")


def main() -> None:
    """Draw the screen and write down what comes."""
    name, log = sys.argv[1], Path(sys.argv[2])
    tty.setraw(0)
    os.write(1, drawn(SCREENS[name]).encode())
    log.touch()
    while received := os.read(0, 4096):
        with log.open("ab") as file:
            file.write(received)


if __name__ == "__main__":
    main()
