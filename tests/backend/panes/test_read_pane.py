"""Readers on screens captured from the real programs, and on variations of them.

The captures and their manifests are made by `tests/real_agents/capture.py`, except those of `other-versions.json`,
which were taken by hand.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.of_each import of_each
from xats_tui.backend.panes import read_pane
from xats_tui.clients.registry import CODED_IDS
from xats_tui.core.model.labels import CUSTOM, ClientId
from xats_tui.core.model.panes import PaneReading, PaneState

CAPTURES = Path(__file__).parent / "captures"

READ_CLIENTS = CODED_IDS

DRAWINGS = {
    "claude-code": "──────────────\n  ❯\u00a0\n──────────────\n  ? for shortcuts\n ❯ 1. Yes\n Esc to cancel",
    "codex": "• › Ask Codex to do anything\n\n  gpt-5 default · ~/proj\n  › 1. Yes\n  Press enter to confirm",
    "opencode": "     △ Permission required\n     Allow once   enter confirm\n     ┃  Ask anything…\n     ╹▀▀▀▀",
}
"""Text that an agent may have printed above its input line: parts of its own screens."""


TITLES_AT_WORK = {
    "claude-code": ("◐ proj", "◑ proj", "⠂ proj", "⠐ proj"),
    "codex": ("⠋ proj", "⠏ a thread | proj"),
    "opencode": (),  # its title is the conversation's
}

FREE_TITLES = (
    "✳ Refactor our claude agents",
    "✳ claude agents",
    "3 ideas for claude agents",
    "Action Required",
    "Triage: Action Required mails | repo",
    "[x] Action Required | repo",
    "[ ! ] Action Requiredness",
    "⠿ my fixed title",
    "⣿⣿ art",
    "⠋",
    "● working",
)


@dataclass(frozen=True, slots=True)
class Capture:
    """One captured screen, with what a person would say of it."""

    name: str
    client: ClientId
    state: str
    composer: str | None
    screen: str
    formats: Mapping[str, Any]

    def __str__(self) -> str:
        return self.name


def all_captures() -> Iterator[Capture]:
    for manifest in sorted(CAPTURES.glob("*.json")):
        for name, entry in json.loads(manifest.read_text()).items():
            client = next(client for client in READ_CLIENTS if name.startswith(client))
            screen = (CAPTURES / f"{name}.ansi").read_text()
            yield Capture(name, client, entry["state"], entry["composer"], screen, entry["formats"])


ALL = tuple(all_captures())
IDLE = tuple(capture for capture in ALL if capture.state == "idle")
NOT_IDLE = tuple(capture for capture in ALL if capture.state != "idle")


def reading_of(capture: Capture, **formats: Any) -> PaneReading:
    return read_pane(capture.client, capture.screen, {**capture.formats, **formats})


def squashed(text: str | None) -> str:
    """White space does not count: programs wrap and pad a line as they like."""
    return "".join((text or "").split())


@of_each(ALL)
def test_a_captured_screen_is_read_as_a_person_reads_it(capture: Capture) -> None:
    reading = reading_of(capture)

    if capture.state == "not idle":
        assert reading.state is not PaneState.IDLE, reading
    else:
        assert reading.state == capture.state, reading
    assert reading.reason


@of_each([capture for capture in ALL if capture.composer is not None])
def test_the_composer_holds_exactly_what_was_typed(capture: Capture) -> None:
    assert squashed(reading_of(capture).composer) == squashed(capture.composer)


@of_each(ALL)
def test_the_formats_may_carry_the_names_that_tmux_gives_or_short_ones(capture: Capture) -> None:
    short = {
        name.removeprefix("pane_") if "idth" in name or "eight" in name else name: value
        for name, value in capture.formats.items()
    }

    assert read_pane(capture.client, capture.screen, short) == reading_of(capture)


@of_each(ALL)
def test_copy_mode_death_and_a_shell_come_before_what_is_on_the_screen(capture: Capture) -> None:
    assert reading_of(capture, pane_in_mode=1).state is PaneState.COPY_MODE
    assert reading_of(capture, pane_in_mode=1, pane_mode="clock-mode").state is PaneState.TMUX_MODE
    assert reading_of(capture, pane_dead=1).state is PaneState.DEAD
    assert reading_of(capture, pane_current_command="-zsh").state is PaneState.SHELL


@of_each(IDLE)
def test_an_idle_screen_is_not_idle_while_the_title_says_that_the_agent_works(capture: Capture) -> None:
    for title in TITLES_AT_WORK[capture.client]:
        assert reading_of(capture, pane_title=title).state is PaneState.BUSY


@of_each(IDLE)
def test_an_idle_screen_is_idle_whatever_its_title_is_about(capture: Capture) -> None:
    for title in FREE_TITLES:
        assert reading_of(capture, pane_title=title).state is PaneState.IDLE, title


@pytest.mark.parametrize("title", ["[ ! ] Action Required | proj", "[ . ] Action Required | a thread | proj"])
def test_a_title_in_the_form_that_codex_writes_says_that_it_waits(title: str) -> None:
    capture = next(one for one in IDLE if one.client == "codex")
    assert reading_of(capture, pane_title=title).state is PaneState.DIALOG


@pytest.mark.parametrize("title", ["claude agents", "1 awaiting input · claude agents"])
def test_a_title_in_the_form_that_claude_code_writes_says_that_its_agents_are_listed(title: str) -> None:
    capture = next(one for one in IDLE if one.client == "claude-code")
    assert reading_of(capture, pane_title=title).state is PaneState.DIALOG


@of_each(IDLE)
def test_an_idle_screen_is_not_idle_with_the_cursor_somewhere_else(capture: Capture) -> None:
    column = capture.formats["cursor_x"] + 3

    assert reading_of(capture, cursor_x=column).state is not PaneState.IDLE
    assert reading_of(capture, cursor_x=column, cursor_y=0).state is not PaneState.IDLE


@of_each(NOT_IDLE)
def test_a_screen_without_its_attributes_is_not_taken_for_idle(capture: Capture) -> None:
    plain = re.sub(r"\x1b\[[0-9;:]*m", "", capture.screen)

    if "spaces" not in capture.name:  # nothing is left of those
        assert read_pane(capture.client, plain, capture.formats).state is not PaneState.IDLE


@of_each(ALL)
def test_what_an_agent_has_printed_above_does_not_change_the_state(capture: Capture) -> None:
    drawing = DRAWINGS[capture.client].split("\n")
    formats = {**capture.formats, "cursor_y": capture.formats["cursor_y"] + len(drawing)}
    screen = "\n".join(["\x1b[0m" + line for line in drawing] + [capture.screen])

    with_drawing, without = read_pane(capture.client, screen, formats), reading_of(capture)

    if without.state is not PaneState.UNKNOWN:
        assert with_drawing.state is without.state


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_part_of_a_screen_that_is_not_idle_is_taken_for_idle(data: st.DataObject) -> None:
    capture = data.draw(st.sampled_from([c for c in NOT_IDLE if c.state in ("dialog", "draft")]))
    lines = capture.screen.split("\n")
    cut = data.draw(st.integers(0, max(0, capture.formats["cursor_y"] - 1)))
    formats = {**capture.formats, "cursor_y": capture.formats["cursor_y"] - cut}

    assert read_pane(capture.client, "\n".join(lines[cut:]), formats).state is not PaneState.IDLE


@pytest.mark.parametrize("client", READ_CLIENTS)
@pytest.mark.parametrize("screen", ["", "\n" * 30, "$ claude\n", "loading…\n"])
def test_a_screen_without_an_input_line_is_unknown(client: ClientId, screen: str) -> None:
    formats = {"cursor_x": 0, "cursor_y": 0, "pane_width": 80, "pane_current_command": "node"}

    reading = read_pane(client, screen, formats)

    assert (reading.state, reading.composer) == (PaneState.UNKNOWN, None)


@pytest.mark.parametrize("client", READ_CLIENTS)
def test_formats_may_be_missing(client: ClientId) -> None:
    assert read_pane(client, "hello\n", {}).state is PaneState.UNKNOWN


@pytest.mark.parametrize(
    ("mode", "state"),
    [
        ("copy-mode", PaneState.COPY_MODE),
        ("view-mode", PaneState.COPY_MODE),
        ("tree-mode", PaneState.TMUX_MODE),
        ("clock-mode", PaneState.TMUX_MODE),
    ],
)
def test_a_mode_of_tmux_is_called_by_its_name(mode: str, state: PaneState) -> None:
    reading = read_pane(CUSTOM, "> ", {"pane_in_mode": 1, "pane_mode": mode})

    assert reading.state is state
    assert reading.reason == f"the pane is in tmux's {mode.replace('-', ' ')}: q leaves it"
