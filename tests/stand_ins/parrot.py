"""A program that no code knows: an input line between two rules, as the example of docs/clients.md describes it.

Run as `parrot [ask]`: with `ask` it shows a dialog instead and takes no prompt.  What is entered is shown as `took: …`;
what comes while it asks is shown as `answered: …`.
"""

import os
import sys
import tty

RULE = "─" * 40
PASTE = ("\x1b[200~", "\x1b[201~")


def draw(said: list[str], line: str) -> None:
    """Draw the conversation, and below it the input line with the cursor behind its text."""
    rows = [*said, "", RULE, f"> {line}".rstrip(), RULE, " parrot-large            ? for help"]
    screen = "\r\n".join(rows)
    sys.stdout.write(f"\x1b[2J\x1b[H{screen}\x1b[{len(said) + 3};{len(line) + 3}H")
    sys.stdout.flush()


def ask() -> None:
    """Show a dialog, and what arrives."""
    sys.stdout.write("\x1b[2J\x1b[H Allow this command? (y/n)\r\n")
    sys.stdout.flush()
    while typed := os.read(0, 4096).decode():
        sys.stdout.write(f"answered: {typed!r}\r\n")
        sys.stdout.flush()


def work() -> None:
    """Take lines."""
    said, line = ["The build is green."], ""
    sys.stdout.write("\x1b[?2004h")
    draw(said, line)
    while typed := os.read(0, 4096).decode():
        for mark in PASTE:
            typed = typed.replace(mark, "")
        for character in typed:
            if character == "\r":
                said, line = [*said, f"took: {line}"], ""
            else:
                line += character
        draw(said, line)


if __name__ == "__main__":
    tty.setraw(0)
    if sys.argv[1:] == ["ask"]:
        ask()
    else:
        work()
