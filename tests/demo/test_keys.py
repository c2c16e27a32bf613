"""The keys of a stand-in's terminal."""

import pytest

from xats_tui.demo.keys import Keys


@pytest.mark.parametrize(
    ("received", "read"),
    [
        (b"hi\r", [("text", "hi"), ("key", "enter")]),
        (b"\x1b[A\x1b[B\x1bOB", [("key", "up"), ("key", "down"), ("key", "down")]),
        (b"a\x7f\x15\x1b", [("text", "a"), ("key", "backspace"), ("key", "ctrl+u"), ("key", "escape")]),
        ("größe".encode(), [("text", "größe")]),
        (b"\x1b[200~two\nlines\x1b[201~\r", [("text", "two"), ("text", " "), ("text", "lines"), ("key", "enter")]),
        (b"\x1b[1;5C\x1b[3~\x00", []),
    ],
)
def test_bytes_are_read_as_keys_and_text(received: bytes, read: list[tuple[str, str]]) -> None:
    assert list(Keys().read(received)) == read


def test_a_letter_that_comes_in_two_parts_is_one() -> None:
    keys = Keys()
    first, second = "é".encode()[:1], "é".encode()[1:]

    assert [*keys.read(first), *keys.read(second)] == [("text", "é")]
