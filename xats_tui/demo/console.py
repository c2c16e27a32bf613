"""Terminal of a stand-in: takes keys, keeps the input line, and shows the program's actions.

It does not know the meaning of submitted prompts.
"""

import asyncio
import fcntl
import os
import signal
import struct
import termios
import tty
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

from xats_tui.demo.keys import Keys
from xats_tui.demo.picture import DemoQuestion, StandInScreen, draw

FRAME_INTERVAL_S = 0.25
"""Seconds between two frames of the spinner."""

KEY_INTERVAL_S = 0.03
"""Seconds for each letter of a draft."""

MAX_PARAGRAPHS = 200
"""Maximum paragraphs of the transcript."""

OPEN = b"\x1b[?1049h\x1b[?2004h"
"""Enter the alternate screen and bracketed paste."""
CLOSED = b"\x1b[?2004l\x1b[?7h\x1b[?1049l\x1b[?25h"


class DemoConsole:
    """Screen of a stand-in, and the prompts submitted to it."""

    def __init__(self, title: str) -> None:
        self._picture = StandInScreen(title=title, transcript=())
        self._transcript: deque[str] = deque(maxlen=MAX_PARAGRAPHS)
        self._keys = Keys()
        self._answer: asyncio.Future[int] | None = None
        self.prompts: asyncio.Queue[str] = asyncio.Queue()
        """Submitted prompts that were not handled yet."""

    @property
    def draft(self) -> str:
        """Text in the input line."""
        return self._picture.draft

    def say(self, sign: str, text: str) -> None:
        """Add a paragraph; unprintable characters are shown as question marks."""
        shown = "".join(character if character.isprintable() else "?" for character in " ".join(text.split()))
        self._transcript.append(sign + shown)
        self._show(replace(self._picture, transcript=tuple(self._transcript)))

    async def ask(self, question: DemoQuestion) -> int:
        """Show a question in place of the input line; return the number of the chosen option."""
        self._answer = asyncio.get_running_loop().create_future()
        self._show(replace(self._picture, question=question, doing=""))
        try:
            return await self._answer
        finally:
            self._answer = None
            self._show(replace(self._picture, question=None))

    @asynccontextmanager
    async def at_work(self, doing: str) -> AsyncIterator[None]:
        """Show the spinner for the length of the block."""
        spinning = asyncio.create_task(self._spin(doing))
        try:
            yield
        finally:
            spinning.cancel()
            self._show(replace(self._picture, doing=""))

    async def type(self, text: str) -> None:
        """Type a draft letter by letter, as a person would, without submitting it."""
        for letter in text:
            self._show(replace(self._picture, draft=self._picture.draft + letter))
            await asyncio.sleep(KEY_INTERVAL_S)

    def submit(self) -> None:
        """Submit the text in the input line."""
        prompt = self._picture.draft.strip()
        self._show(replace(self._picture, draft=""))
        if prompt:
            self.prompts.put_nowait(prompt)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Take over the terminal for the length of the block."""
        before = termios.tcgetattr(0)
        loop = asyncio.get_running_loop()
        tty.setraw(0)
        os.write(1, OPEN)
        loop.add_reader(0, self._receive)
        loop.add_signal_handler(signal.SIGWINCH, lambda: self._show(self._picture))
        try:
            self._show(self._picture)
            yield
        finally:
            loop.remove_reader(0)
            os.write(1, CLOSED)
            termios.tcsetattr(0, termios.TCSADRAIN, before)

    async def _spin(self, doing: str) -> None:
        while True:
            self._show(replace(self._picture, doing=doing, beat=self._picture.beat + 1))
            await asyncio.sleep(FRAME_INTERVAL_S)

    def _receive(self) -> None:
        received = os.read(0, 4096)
        if not received:
            raise SystemExit
        for kind, what in self._keys.read(received):
            if self._picture.question and self._answer:
                self._take_answer(self._picture.question, self._answer, what)
            else:
                self._edit(kind, what)

    def _take_answer(self, question: DemoQuestion, answer: "asyncio.Future[int]", key: str) -> None:
        last = len(question.options)
        number = {"enter": question.chosen, "escape": last}.get(key) or (int(key) if key.isdecimal() else 0)
        if key in ("up", "down"):
            chosen = min(last, max(1, question.chosen + (1 if key == "down" else -1)))
            self._show(replace(self._picture, question=replace(question, chosen=chosen)))
        elif 1 <= number <= last and not answer.done():
            answer.set_result(number)

    def _edit(self, kind: str, what: str) -> None:
        draft = self._picture.draft
        if kind == "text":
            self._show(replace(self._picture, draft=draft + what))
        elif what == "enter":
            self.submit()
        elif what == "backspace":
            self._show(replace(self._picture, draft=draft[:-1]))
        elif what in ("ctrl+u", "ctrl+c", "escape"):
            self._show(replace(self._picture, draft=""))

    def _show(self, picture: StandInScreen) -> None:
        self._picture = picture
        rows, columns, _, _ = struct.unpack("HHHH", fcntl.ioctl(1, termios.TIOCGWINSZ, bytes(8)))
        os.write(1, draw(picture, columns or 80, rows or 24).encode())
