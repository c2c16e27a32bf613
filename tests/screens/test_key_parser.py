"""Keys as a terminal sends them: esc and the next key in one burst, and pastes with anything in them."""

import os
from itertools import pairwise
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.events import Key, Paste
from textual.message import Message

from xats_tui.screens.terminal.driver import JobDriver
from xats_tui.screens.terminal.key_parser import KeyParser


def keys(*chunks: str, with_alt: str = "") -> list[str]:
    """What the chunks are taken for: keys, and pastes in brackets."""
    parser = KeyParser(with_alt=lambda: with_alt)
    messages = [message for chunk in chunks for message in parser.feed(chunk)]
    # The time in which the rest of a sequence could have come is over.
    parser._held_until, parser._timeout_time = 0.0, parser._timeout_time and 0.0
    messages += parser.tick()
    return [
        message.key if isinstance(message, Key) else f"<{message.text}>"
        for message in messages
        if isinstance(message, Key | Paste)
    ]


@pytest.mark.parametrize(
    ("chunks", "taken_for"),
    [
        (["\x1b2/qa\r"], ["escape", "2", "slash", "q", "a", "enter"]),
        (["\x1b\x1b\x1bm"], ["escape", "escape", "escape", "m"]),
        (["\x1b:q"], ["escape", "colon", "q"]),
        (["\x1b", "m"], ["escape", "m"]),
        (["\x1b"], ["escape"]),
        (["\x1b["], ["escape", "left_square_bracket"]),
        (["\x1b\x1b[A\x1b"], ["escape", "up", "escape"]),
        (["\x1b[A\x1b[5~\x1bOP"], ["up", "pageup", "f1"]),
        (["\x1b", "[A"], ["up"]),
        (["\x1b[2", "0~"], ["f9"]),
        (["/\x1b[200~two words\x1b[201~\r"], ["slash", "<two words>", "enter"]),
        (["\x1b[200~red \x1b[31md\x1bx\x1b[201~m"], ["<red ␛[31md␛x>", "m"]),
        (["\x1b[200~half\x1b", "[31m\x1b[", "201~m"], ["<half␛[31m>", "m"]),
        (["\x1b[20", "0~d\x1bx\x1b[201", "~m"], ["<d␛x>", "m"]),
    ],
)
def test_what_is_sent_is_taken_for_the_keys_that_were_pressed(chunks: list[str], taken_for: list[str]) -> None:
    assert keys(*chunks) == taken_for


def test_a_key_of_the_configuration_is_pressed_with_alt() -> None:
    assert keys("\x1bm", with_alt="m") == ["alt+m"]


@given(st.text("dxRm\x1b[200~1;31Aé\r", max_size=30), st.lists(st.integers(0, 45), max_size=4))
def test_no_part_of_a_paste_is_a_key_however_it_arrives(pasted: str, cuts: list[int]) -> None:
    pasted = pasted.replace("\x1b[200~", "").replace("\x1b[201~", "")
    whole = f"\x1b[200~{pasted}\x1b[201~q"
    ends = sorted({0, *(min(cut, len(whole)) for cut in cuts), len(whole)})
    chunks = [whole[begin:end] for begin, end in pairwise(ends)]
    assert keys(*chunks) == [f"<{pasted.replace(chr(27), '␛')}>", "q"]


def test_a_byte_that_is_no_text_ends_nothing() -> None:
    heard: list[Message] = []
    reading, writing = os.pipe()

    class Heard(JobDriver):
        def __init__(self) -> None:  # a terminal is of no use here
            self.fileno, self.exit_event, self._debug = reading, Event(), False

        def process_message(self, message: Message) -> None:
            heard.append(message)
            if isinstance(message, Key) and message.key == "q":
                self.exit_event.set()

    os.write(writing, b"\xffa\xe2\x82q")
    Heard().run_input_thread()
    os.close(reading)
    os.close(writing)
    assert [message.character for message in heard if isinstance(message, Key)] == ["�", "a", "�", "q"]
