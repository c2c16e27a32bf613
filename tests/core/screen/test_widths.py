"""Cell widths against a real tmux: a program in a pane prints clusters, and tmux says how far each moved the cursor."""

import json
import sys
from pathlib import Path

import pytest

from tests.tmux_server import TmuxServer
from xats_tui.core.screen.ansi_grid import parse_screen
from xats_tui.core.screen.widths import joins_modifiers

CLUSTERS = (
    "bob", "作业", "👩\u200d💻", "👨\u200d👩\u200d👧\u200d👦", "👍\U0001f3fd", "🇩🇪", "🇩🇪🇫🇷", "❤\ufe0f",
    "1\ufe0f\u20e3", "e\u0301", "กำ", "مرحبا", "क\u094dषि", "한", "가ᄒ", "aᅡ", "한글", "ㅎㅏㄴ",
    "🏴\u200d☠\ufe0f", "🏳\ufe0f\u200d🌈", "👩\U0001f3fd\u200d💻", "🤷\u200d♂\ufe0f", "👩\u200da", "a\u200db",
    "é\u200dü", "作\u200d业", "a\u00adb", "a\u200bb", "か\u3099", "x\u06ddy", "a\u2060b", "⚠\ufe0f",
    "✋\U0001f3ff ok", "🧑\u200d🤝\u200d🧑",
)  # fmt: skip

MEASURING = """\
import json, os, re, sys, tty
tty.setraw(0)
def measured(text):
    os.write(1, b"\\r\\x1b[2K" + text.encode() + b"\\x1b[6n")
    answer = b""
    while not (found := re.search(rb"\\x1b\\[\\d+;(\\d+)R", answer)):
        answer += os.read(0, 4096)
    return int(found[1]) - 1
widths = [measured(text) for text in json.load(open(sys.argv[1]))]
open(sys.argv[2] + ".new", "w").write(json.dumps(widths))
os.rename(sys.argv[2] + ".new", sys.argv[2])
"""
"""Asks the terminal for the cursor's position after each cluster."""


@pytest.mark.tmux
async def test_a_text_is_as_wide_as_tmux_says(tmux: TmuxServer, tmp_path: Path) -> None:
    asked, answer = tmp_path / "asked.json", tmp_path / "answer.json"
    asked.write_text(json.dumps(CLUSTERS))
    tmux.new_pane([sys.executable, "-c", MEASURING, str(asked), str(answer)])
    await tmux.wait_until(answer.exists)
    version = tmux.run("display-message", "-p", "#{version}").strip()

    ours = {text: parse_screen(text, version)[0].width for text in CLUSTERS}

    assert ours == dict(zip(CLUSTERS, json.loads(answer.read_text()), strict=True))


@pytest.mark.parametrize(
    ("version", "joined"),
    [("3.3a", False), ("2.9", False), ("", False), ("3.4", True), ("3.5a", True), ("next-3.7", True), ("master", True)],
)
def test_newer_servers_join_skin_tones_flags_and_emoji_selectors(version: str, joined: bool) -> None:
    assert joins_modifiers(version) is joined
    widths = [parse_screen(text, version)[0].width for text in ("👍🏽", "🇩🇪", "🇩🇪🇫🇷", "❤️")]
    assert widths == ([2, 2, 4, 2] if joined else [4, 2, 4, 1])


def test_signs_that_programs_put_into_a_line_are_no_text() -> None:
    (line,) = parse_screen("> fix it \u200b\ufeff")
    assert line.text == "> fix it "
