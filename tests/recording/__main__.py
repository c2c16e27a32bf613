"""`python -m tests.recording [FILE]` records the session of the README: somebody at the demo, by keys alone.

With `--frames DIR` each screen is also written as a picture of its own, for looking at.
"""

import argparse
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.recording.svg import Frame, animated
from tests.tmux_server import TmuxServer, short_folder, tmux_server

FILE = Path(__file__).parents[2] / "docs" / "screenshots" / "demo.svg"

COLUMNS, ROWS = 120, 36

GLANCE = 0.3
"""Seconds between two looks at the screen while it is recorded."""

LONGEST, LAST = 1.5, 4.0
"""Seconds for which a screen is seen at the most; the last one is seen longer."""

PATIENCE = 40.0
"""Seconds for something to appear."""

STROKE = 0.07
"""Seconds for a letter."""

BETWEEN = 0.9
"""Seconds from one key to the next, for whoever looks on."""


class Recorder:
    """A person at a terminal, and the camera behind them."""

    def __init__(self, tmux: TmuxServer, pane_id: str) -> None:
        self._tmux = tmux
        self._pane_id = pane_id
        self._over = threading.Event()
        self.frames: list[Frame] = []

    @contextmanager
    def filming(self) -> Iterator[None]:
        """Look at the screen all the while."""
        camera = threading.Thread(target=self._film)
        camera.start()
        try:
            yield
        finally:
            self._over.set()
            camera.join()

    def types(self, text: str) -> None:
        """Type a text, letter by letter."""
        for letter in text:
            self._tmux.run("send-keys", "-t", self._pane_id, "-l", letter)
            time.sleep(STROKE)

    def presses(self, *keys: str, sees: str = "") -> None:
        """Press keys one after another, the last of which brings something about."""
        for key in keys:
            self._tmux.send(self._pane_id, key)
            time.sleep(BETWEEN)
        self.sees(sees)

    def sees(self, *words: str) -> None:
        """Wait until all of this is on the screen."""
        for word in words:
            self._wait_for(lambda screen, word=word: word in screen, word)  # type: ignore[misc]

    def sees_like(self, pattern: str) -> None:
        """Wait until a row of the screen matches."""
        self._wait_for(lambda screen: re.search(pattern, screen) is not None, pattern)

    def sees_no_more(self, word: str) -> None:
        """Wait until this has gone."""
        self._wait_for(lambda screen: word not in screen, f"no {word}")

    def _wait_for(self, holds: Callable[[str], bool], what: str) -> None:
        give_up_at = time.monotonic() + PATIENCE
        while not holds(screen := self._tmux.capture(self._pane_id)):
            if time.monotonic() > give_up_at:
                sys.exit(f"the recording waited in vain for {what!r}; the screen shows:\n{screen}")
            time.sleep(GLANCE)

    def _film(self) -> None:
        shown, since, over = "", time.monotonic(), False
        while not over:
            over = self._over.wait(GLANCE)  # what made the person stop is still to be seen
            screen = self._tmux.run("-u", "capture-pane", "-p", "-e", "-t", self._pane_id)
            if screen != shown:
                self._keep(shown, time.monotonic() - since)
                shown, since = screen, time.monotonic()
        self._keep(shown, LAST)

    def _keep(self, screen: str, seconds: float) -> None:
        if screen.strip():
            self.frames.append(Frame(screen, seconds if seconds == LAST else min(seconds, LONGEST)))


def act(person: Recorder) -> None:
    """Play the person: look, answer, trace a failed wake to its cause, repair it, and leave."""
    person.types("xats-tui demo")
    person.presses("Enter")
    person.sees("5/5", "failed: owner", "asks: Bash command", "breaking change, not fetched")
    person.presses("BTab", "Home", "a", sees="qa@shop asks")
    person.presses("1", "Enter", sees="answered qa")
    person.sees_no_more("asks: Bash command")
    person.presses("6", sees="orders")
    person.presses("Enter", "5", sees="Tasks")
    person.presses("2", "Down", "Down")
    person.sees_like(r"frontend .*● idle [1-4]s")  # for long enough not to be busy when the poke comes
    person.presses("p", sees="enter do it")
    person.types("how is the page?")
    person.presses("Enter", sees="poked frontend")
    person.presses("4", "Home", "r", sees="replayed")
    person.presses("2", "Down", "g", sees="Enter starts it again")
    person.presses("Enter", sees="Re: deploy")
    person.presses("F12", "1", sees="0 failed")
    person.presses("C-q", sees="stop all")
    person.presses("s", sees="nothing of it is left")


def recorded() -> list[Frame]:
    """Every screen of the session, with how long it was seen."""
    with short_folder() as folder, tmux_server(folder) as tmux:
        tmux.run("set-option", "-g", "default-terminal", "tmux-256color")
        program = f"{sys.executable} -m xats_tui"
        prelude = f"unset TMUX; cd {folder}; PS1='$ '; xats-tui() {{ {program} \"$@\"; }}; clear"
        pane = tmux.new_pane(["bash", "--norc", "--noprofile"])
        tmux.run("resize-window", "-t", pane.pane_id, "-x", str(COLUMNS), "-y", str(ROWS))
        tmux.send(pane.pane_id, prelude, "Enter")
        time.sleep(BETWEEN)
        person = Recorder(tmux, pane.pane_id)
        with person.filming():
            act(person)
        return person.frames


def main() -> None:
    """Record, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=FILE)
    parser.add_argument("--frames", type=Path, help="a folder for one picture a screen")
    given = parser.parse_args()
    frames = recorded()
    given.file.write_text(animated(frames, COLUMNS, ROWS, "xats-tui demo"), encoding="utf-8")
    if given.frames:
        given.frames.mkdir(parents=True, exist_ok=True)
        for number, frame in enumerate(frames):
            picture = animated([frame], COLUMNS, ROWS, "xats-tui demo")
            (given.frames / f"{number:03}.svg").write_text(picture, encoding="utf-8")
    length, size = sum(frame.seconds for frame in frames), given.file.stat().st_size
    sys.stdout.write(f"{given.file}: {len(frames)} screens, {length:.0f} s, {size / 1000:.0f} kB\n")


if __name__ == "__main__":
    main()
