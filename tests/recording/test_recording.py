"""The recorded session is a picture that plays, and says what was on the screen."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.recording.__main__ import FILE
from tests.recording.svg import Frame, animated

LARGEST = 600_000
"""Bytes; more than that is slow to show on a page."""

SVG = "{http://www.w3.org/2000/svg}"


def words(picture: str) -> str:
    """Every word that is drawn in it, in the order of definition."""
    return " ".join(text.text or "" for text in ElementTree.fromstring(picture).iter(f"{SVG}text"))


def test_each_screen_is_shown_for_its_time() -> None:
    picture = animated([Frame("one", 1.0), Frame("two", 3.0)], 10, 2, "title")

    assert "0.000%{transform:translateX(0px)}25.000%{transform:translateX(-80px)}" in picture
    assert "animation:s 4.00s" in picture
    assert words(picture) == "one two title"


def test_what_is_seen_again_is_drawn_once() -> None:
    picture = animated([Frame(f"the same\n{number}", 1.0) for number in range(50)], 10, 2, "")

    assert picture.count("the same") == 1


def test_foreign_text_is_no_markup_and_colours_are_kept() -> None:
    picture = animated([Frame("\x1b[38;2;1;2;3m<script>&\x1b[0m \x1b[48;5;196mred\x1b[0m", 1.0)], 20, 1, "a<b")

    assert "<script>" in words(picture) and "<script" not in picture
    assert {"#010203", "#ff0000"} <= set(re.findall(r"fill:(#\w{6})", picture))


def test_the_recorded_session_is_small_and_whole() -> None:
    picture = FILE.read_text(encoding="utf-8")

    assert FILE.stat().st_size < LARGEST
    assert not re.search(r"(href|src|url\()=?[\"']?https?:", picture)
    for seen in ("qa@shop", "a answer", "replayed 1 wake for ops", "poked frontend", "stop all"):
        assert seen in words(picture)


@pytest.mark.slow
@pytest.mark.tmux
@pytest.mark.timeout(300)
def test_the_session_can_be_recorded_again(tmp_path: Path) -> None:
    file = tmp_path / "demo.svg"
    subprocess.run([sys.executable, "-m", "tests.recording", str(file)], check=True, timeout=280)

    assert file.stat().st_size < LARGEST
    assert "the demo has ended; nothing of it is left" in words(file.read_text(encoding="utf-8"))
