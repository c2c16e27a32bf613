"""A stand-in for a program that asks a person: it draws the prompts of a client, one after another, and takes keys.

Started as `asking.py CLIENT COMMAND…`: one permission prompt for each command, as `claude-code` or `opencode` draws it.
What was chosen it prints as `chose LABEL for COMMAND`; after the last prompt it shows an input line of Claude Code.
A command `deaf` takes no key; one `late` gives way to the next by itself, as soon as the file `late` is in its folder.
One `amend` takes a digit for a text behind its first answer, as Claude Code does after Tab; one `flicker` clears the
screen for a moment and asks the same again.  `unnumbered` asks without numbers.
"""

import os
import re
import select
import sys
import termios
import time
import tty
from pathlib import Path

WIDTH = 120

CLAUDE = ("Yes", "Yes, and don't ask again", "No")
OPENCODE = ("Allow once", "Allow always", "Reject")

FLICKER_S = 0.3

KEYS = re.compile(rb"\x1b[\[O][A-D]|.", re.DOTALL)


def draw(rows: list[str]) -> None:
    """Clear the screen and draw these rows."""
    os.write(1, ("\x1b[2J\x1b[H" + "\r\n".join(rows)).encode())


def claude(done: list[str], command: str, chosen: int, text: str = "") -> None:
    """A permission prompt of Claude Code; a text that is being written into it has a cursor behind it."""
    labels = [f"Yes, {text}\x1b[7m \x1b[0m" if text else "Yes", *CLAUDE[1:]]
    numbers = ["" if command == "unnumbered" else f"{at}. " for at in range(1, 4)]
    options = [f" {'❯' if at == chosen else ' '} {numbers[at - 1]}{label}" for at, label in enumerate(labels, 1)]
    asked = [" Bash command", "", f"   {command}", "", " Do you want to proceed?", *options, "", " Esc to cancel"]
    draw([*done, "─" * WIDTH, *asked])


def opencode(done: list[str], command: str, chosen: int) -> None:
    """A permission prompt of opencode; the chosen option has a background of its own."""
    panel, chip = "\x1b[48;5;234m", "\x1b[48;5;215m"
    labels = "  ".join(f"{chip if at == chosen else panel} {label} {panel}" for at, label in enumerate(OPENCODE, 1))
    inside = [
        "",
        "△ Permission required",
        "  # Shell command",
        "",
        f"$ {command}",
        "",
        labels,
        "⇆ select  enter confirm",
    ]
    draw([*done, "", *(f"  ┃{panel}  {row}{' ' * 20}\x1b[0m" for row in inside)])


def idle(done: list[str]) -> None:
    """The input line of Claude Code."""
    draw([*done, "─" * WIDTH, "❯ \x1b[7m \x1b[0m", "─" * WIDTH, "  ? for shortcuts\x1b[2A\x1b[15D"])


def ask(client: str, commands: list[str]) -> list[str]:
    """Ask for each command; what was said about it."""
    done: list[str] = []
    for command in commands:
        chosen, answer, text = 1, "", ""
        while not answer:
            if client == "claude-code":
                claude(done, command, chosen, text)
            else:
                opencode(done, command, chosen)
            if not select.select([0], [], [], 0.05)[0]:
                answer = "nothing" if command == "late" and Path("late").exists() else ""
                continue
            for key in KEYS.findall(os.read(0, 64)):
                if command == "deaf":
                    continue
                if command == "amend":
                    text += key.decode()
                elif command == "flicker":
                    draw(done)
                    time.sleep(FLICKER_S)
                elif command == "unnumbered":
                    chosen = min(3, max(1, chosen + {b"A": -1, b"B": 1}.get(key[-1:], 0)))
                    answer = CLAUDE[chosen - 1] if key == b"\r" else ""
                elif client == "claude-code" and key in (b"1", b"2", b"3"):
                    answer = CLAUDE[int(key) - 1]
                elif client == "opencode" and key[-1:] in (b"C", b"D") and len(key) == 3:
                    chosen = min(3, max(1, chosen + (1 if key[-1:] == b"C" else -1)))
                elif client == "opencode" and key == b"\r":
                    answer = OPENCODE[chosen - 1]
        done.append(f"chose {answer} for {command}")
    return done


def main() -> None:
    """Ask, then wait for the end."""
    before = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        idle(ask(sys.argv[1], sys.argv[2:]))
        while os.read(0, 64) not in (b"", b"\x04"):
            pass
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


if __name__ == "__main__":
    main()
