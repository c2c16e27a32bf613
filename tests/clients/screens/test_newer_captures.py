"""Readers on some 300 screens of ten programs, compared with the state that a person sees on each.

`newer/manifest.json` says what was seen.  Claude Code 2.1.332 (cl), Codex 0.171 (cx) and opencode 1.18.33 (oc) have
readers of their own; Gemini CLI 0.61.0 (gm), Qwen Code 0.24.4 (qw), GitHub Copilot CLI 1.0.102 (cp), pi 1.6.0 (pi),
Droid 0.215.0 (dr), Kilo 7.7.7 (kl) and Cline 3.0.65 (cn) have manifests, and stand for unknown programs besides.  A
state of null was not judged.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.of_each import of_each
from xats_tui.backend.panes import read_pane
from xats_tui.core.model.labels import CUSTOM, ClientId
from xats_tui.core.model.panes import PaneReading, PaneState

FOLDER = Path(__file__).parent / "newer"

WITH_MANIFEST = {
    "gm": "gemini",
    "qw": "qwen",
    "cp": "copilot",
    "pi": "pi",
    "dr": "droid",
    "kl": "kilo",
    "cn": "cline",
}
CLIENTS = {"cl": "claude-code", "cx": "codex", "oc": "opencode", **WITH_MANIFEST}


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """One captured screen, with what a person says of it."""

    name: str
    client: ClientId
    want: str
    composer: str | None
    screen: str
    formats: Mapping[str, Any]

    def __str__(self) -> str:
        return self.name

    def reading(self, client: ClientId | None = None) -> PaneReading:
        return read_pane(client or self.client, self.screen, self.formats)


ALL = tuple(
    Capture(
        name=name,
        client=CLIENTS[name[:2]],
        want=entry["want"] or "not judged",
        composer=entry.get("composer"),
        screen=(FOLDER / f"{name}.ansi").read_text().removesuffix("\n"),
        formats=entry["formats"],
    )
    for name, entry in json.loads((FOLDER / "manifest.json").read_text()).items()
)
KNOWN = [capture for capture in ALL if capture.want != "not judged"]
OTHERS = [capture for capture in ALL if capture.name[:2] in WITH_MANIFEST and "-120-" in capture.name]
"""Captures that the generic reader is tried on, too."""


@of_each(KNOWN)
def test_a_client_with_a_reader_of_its_own_is_read_as_a_person_reads_it(capture: Capture) -> None:
    reading = capture.reading()

    if capture.want == "not idle":
        assert reading.state is not PaneState.IDLE, reading
    else:
        assert reading.state in capture.want.split("|"), reading


@of_each([capture for capture in KNOWN if capture.composer is not None])
def test_the_composer_holds_what_was_typed(capture: Capture) -> None:
    assert "".join((capture.reading().composer or "").split()) == "".join((capture.composer or "").split())


AT_AN_AGENT = [one for one in ALL if one.formats["pane_current_command"] != "bash"]


@of_each([one for one in AT_AN_AGENT if one.want not in {"idle", "not judged"}])
def test_the_generic_reader_says_idle_of_no_program_that_is_not(capture: Capture) -> None:
    assert capture.reading(CUSTOM).state is not PaneState.IDLE


@of_each([one for one in OTHERS if not one.formats["cursor_flag"]])
def test_a_hidden_cursor_proves_nothing(capture: Capture) -> None:
    assert capture.reading(CUSTOM).state not in {PaneState.IDLE, PaneState.DRAFT}


@of_each([one for one in OTHERS if one.want == "idle" and one.name[:2] in {"cn", "cp", "qw"}])
def test_a_prompt_with_the_cursor_and_a_grey_placeholder_behind_it_is_idle(capture: Capture) -> None:
    assert capture.reading(CUSTOM).state is PaneState.IDLE


@of_each([one for one in OTHERS if "-dialog" in one.name and "reject" not in one.name])
def test_a_dialog_of_a_program_that_is_not_known_is_told_as_one(capture: Capture) -> None:
    assert capture.reading(CUSTOM).state is PaneState.DIALOG


@of_each([one for one in OTHERS if one.want == "busy" and one.name[:2] not in {"kl", "pi"}])
def test_a_program_that_says_that_it_works_is_busy(capture: Capture) -> None:
    assert capture.reading(CUSTOM).state is PaneState.BUSY


@of_each([one for one in KNOWN if one.name[:2] in WITH_MANIFEST and "idle" not in one.want])
def test_without_its_colours_a_screen_that_is_not_idle_is_not_taken_for_idle(capture: Capture) -> None:
    plain = re.sub(r"\x1b\[[0-9;:]*m", "", capture.screen)
    if "spaces" not in capture.name:  # nothing is left of those
        assert read_pane(capture.client, plain, capture.formats).state is not PaneState.IDLE


DRAW_THEIR_CURSOR = {"droid", "gemini", "pi"}


@of_each([one for one in KNOWN if one.name[:2] in WITH_MANIFEST and one.want == "idle"])
def test_an_input_line_without_the_cursor_at_its_beginning_is_not_idle(capture: Capture) -> None:
    formats = {**capture.formats, "cursor_x": capture.formats["cursor_x"] + 3}
    screen = capture.screen
    if capture.client in DRAW_THEIR_CURSOR:
        screen = re.sub(r"\x1b\[(?:0;)?7m", "", screen)
    assert read_pane(capture.client, screen, formats).state is not PaneState.IDLE


@of_each([one for one in KNOWN if one.name[:2] in WITH_MANIFEST and "idle" not in one.want.split("|")])
def test_without_its_title_a_screen_that_is_not_idle_is_not_taken_for_idle(capture: Capture) -> None:
    # a person may have switched the titles off, in the program or in tmux
    assert (
        read_pane(capture.client, capture.screen, {**capture.formats, "pane_title": "host"}).state is not PaneState.IDLE
    )


@of_each([one for one in KNOWN if one.name[:2] in WITH_MANIFEST and one.want == "idle"])
def test_what_an_agent_has_printed_above_keeps_an_idle_screen_idle(capture: Capture) -> None:
    drawing = ["────────────────────", "❯ 1. Yes", "Allow execution of this? (y/n)", "│ > draft │", "Enter to select"]
    formats = {**capture.formats, "cursor_y": capture.formats["cursor_y"] + len(drawing)}
    screen = "\n".join([*("\x1b[0m" + row for row in drawing), "", capture.screen])
    assert read_pane(capture.client, screen, {**formats, "cursor_y": formats["cursor_y"] + 1}).state is PaneState.IDLE
