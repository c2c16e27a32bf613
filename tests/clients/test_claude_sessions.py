"""Claude Code's session files, and what its settings say about messages of other programs."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from xats_tui.clients.claude_code.inbound import (
    BYPASS,
    Inbound,
    Origin,
    SettingsFile,
    inbound,
    mode_in_footer,
    settings_paths,
    why_held,
)
from xats_tui.clients.claude_code.sessions import MAX_FILE_BYTES, MAX_WORD_CHARS, parse, sessions_folder
from xats_tui.core.model.panes import PaneState

SEEN: dict[str, Any] = {
    "pid": 16949,
    "sessionId": "a563cec7-ab84-44ab-97d1-ee2eb2ae27d9",
    "cwd": "/home/ann/proj",
    "startedAt": 1795996119082,
    "procStart": "70483",
    "version": "2.1.332",
    "kind": "interactive",
    "pidDomain": "linux:3d12:pid:[4026531836]",
    "tmux": "0:@0.%12",
    "messagingSocketPath": "/tmp/cc-socks/16949.sock",
    "status": "idle",
    "updatedAt": 1795996124702,
    "statusUpdatedAt": 1795996124702,
}
"""As Claude Code 2.1.332 writes it."""

RULE = "─" * 60


def content(**changes: object) -> bytes:
    """A file, with some fields changed; None takes one away."""
    return json.dumps({key: value for key, value in {**SEEN, **changes}.items() if value is not None}).encode()


def test_a_session_file_is_read() -> None:
    session = parse(content())

    assert session is not None
    assert (session.pid, session.proc_start, session.session_id) == (16949, "70483", SEEN["sessionId"])
    assert (session.folder, session.version, session.kind) == ("/home/ann/proj", "2.1.332", "interactive")
    assert (session.socket, session.pane_id) == ("/tmp/cc-socks/16949.sock", "%12")
    assert session.state is PaneState.IDLE
    assert session.since == datetime.fromtimestamp(1795996124.702, UTC)


@pytest.mark.parametrize(
    ("changes", "state", "detail"),
    [
        ({"status": "idle"}, PaneState.IDLE, "idle"),
        ({"status": "busy"}, PaneState.BUSY, "busy"),
        ({"status": "waiting", "waitingFor": "permission prompt"}, PaneState.DIALOG, "permission prompt"),
        ({"status": "waiting", "waitingFor": "two\nlines"}, PaneState.DIALOG, "two lines"),
        ({"status": "waiting", "waitingFor": ["x"]}, PaneState.DIALOG, "dialog"),
        ({"status": "idle", "waitingFor": "permission prompt"}, PaneState.IDLE, "idle"),
        ({"status": "dreaming"}, PaneState.UNKNOWN, "unknown"),
        ({"status": 1}, PaneState.UNKNOWN, "unknown"),
        ({"status": None}, PaneState.UNKNOWN, "unknown"),
    ],
)
def test_a_word_that_is_not_known_is_no_state(changes: dict[str, Any], state: PaneState, detail: str) -> None:
    session = parse(content(**changes))

    assert session is not None
    assert (session.state, session.detail) == (state, detail)


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        content()[:200],
        b"[]",
        b"[" * 10_000,
        b"\xff\xfe",
        content(name="x" * MAX_FILE_BYTES),
        content(pid="16949"),
        content(pid=True),
        content(pid=0),
        content(pid=2**40),
        content(procStart=70483),
        content(procStart=""),
        content(sessionId=None),
        content(sessionId="x" * 5_000),
        content(cwd="/a\0b"),
        content(statusUpdatedAt="soon"),
        content(statusUpdatedAt=10**17),
        content(statusUpdatedAt=1.5),
    ],
)
def test_a_file_that_is_not_as_it_should_be_is_no_session(broken: bytes) -> None:
    assert parse(broken) is None


def test_words_that_are_shown_are_short() -> None:
    session = parse(content(status="waiting", waitingFor="word " * 100))

    assert session is not None
    assert len(session.detail) <= MAX_WORD_CHARS


def test_the_environment_names_the_folder() -> None:
    home = Path("/home/ann")

    assert sessions_folder({}, home) == Path("/home/ann/.claude/sessions")
    assert sessions_folder({"HOME": "/home/bob"}, home) == Path("/home/bob/.claude/sessions")
    assert sessions_folder({"HOME": "/home/bob", "CLAUDE_CONFIG_DIR": "/c"}, home) == Path("/c/sessions")


@pytest.mark.parametrize(
    ("origin", "value", "expected"),
    [
        *((origin, word, Inbound(forbidden=f"{origin} say crossSessionInbound: {word}"))
          for origin in Origin for word in ("hold", "refuse")),
        (Origin.USER, "accept", Inbound(accepts=True)),
        *((origin, "accept", Inbound()) for origin in Origin if origin is not Origin.USER),
        (Origin.USER, "perhaps", Inbound()),
        (Origin.USER, ["hold"], Inbound()),
    ],
)  # fmt: skip
def test_hold_and_refuse_count_wherever_they_stand_and_accept_only_in_the_users(
    origin: Origin, value: object, expected: Inbound
) -> None:
    file = SettingsFile(origin=origin, content=json.dumps({"crossSessionInbound": value}).encode())

    assert inbound([file], ["claude"]) == expected


def test_what_forbids_is_stronger_than_what_accepts() -> None:
    accepts = SettingsFile(origin=Origin.USER, content=b'{"crossSessionInbound": "accept"}')
    refuses = SettingsFile(origin=Origin.PROJECT, content=b'{"crossSessionInbound": "refuse"}')

    said = inbound([refuses, accepts], ["claude"])

    assert why_held(said, "default", "") == "the project's settings say crossSessionInbound: refuse"


@pytest.mark.parametrize(
    ("command", "settings", "may_bypass"),
    [
        (["claude"], b"", False),
        (["claude", "--dangerously-skip-permissions"], b"", True),
        (["claude", "--allow-dangerously-skip-permissions"], b"", True),
        (["claude", "--permission-mode", "bypassPermissions"], b"", True),
        (["claude", "--permission-mode=bypassPermissions"], b"", True),
        (["claude", "--permission-mode", "plan"], b"", False),
        (["claude"], b'{"permissions": {"defaultMode": "bypassPermissions"}}', True),
        (["claude"], b'{"permissions": {"defaultMode": "auto"}}', False),
        (["claude"], b'{"permissions": []}', False),
        (["claude"], b"half of a fi", False),
    ],
)
def test_arguments_and_settings_say_whether_messages_may_be_held(
    command: list[str], settings: bytes, may_bypass: bool
) -> None:
    said = inbound([SettingsFile(origin=Origin.USER, content=settings)], command)

    assert said.may_bypass is may_bypass


@pytest.mark.parametrize(
    ("rows", "mode"),
    [
        ([RULE, "❯ half a thought", RULE, "  ⏵⏵ bypass permissions on (shift+tab to cycle)"], BYPASS),
        ([RULE, "❯", RULE, "  ⏵⏵ accept edits on (shift+tab to cycle)", ""], "acceptEdits"),
        ([RULE, "❯", RULE, "  ⏸ plan mode on (shift+tab to cycle)"], "plan"),
        ([RULE, "❯", RULE, "  ⏵⏵ auto mode on (shift+tab to cycle)"], "auto"),
        ([RULE, "❯", RULE, "  ⏸ manual mode on · ? for shortcuts"], "default"),
        ([RULE, "❯ ⏵⏵ auto mode on", RULE, "  ⏵⏵ bypass permissions on"], BYPASS),
        ([RULE, "❯ ⏵⏵ auto mode on", RULE, "  a menu of commands"], ""),
        (["⏸ manual mode on"], ""),
        ([], ""),
    ],
)
def test_the_footer_below_the_input_line_shows_the_mode(rows: list[str], mode: str) -> None:
    assert mode_in_footer(rows) == mode


@pytest.mark.parametrize(
    ("shown", "reported", "may_bypass", "accepts", "held"),
    [
        ("default", "", False, False, False),
        ("", "", False, False, False),
        (BYPASS, "", False, False, True),
        ("default", BYPASS, True, False, False),  # left with shift+tab, which no hook tells
        ("", BYPASS, False, False, True),
        ("", "", True, False, True),  # a menu hides the footer
        (BYPASS, BYPASS, True, True, False),
    ],
)
def test_the_screen_knows_the_mode_best(shown: str, reported: str, may_bypass: bool, accepts: bool, held: bool) -> None:
    said = Inbound(may_bypass=may_bypass, accepts=accepts)

    assert bool(why_held(said, shown, reported)) is held


def test_every_place_of_settings_is_looked_at() -> None:
    command = ["claude", "--settings", "extra.json"]

    found = [(origin, str(path)) for origin, path in settings_paths(command, [Path("/p")], Path("/home/ann/.claude"))]

    assert (Origin.MANAGED, "/etc/claude-code/managed-settings.json") in found
    assert found[-4:] == [
        (Origin.ARGUMENT, "/p/extra.json"),
        (Origin.LOCAL, "/p/.claude/settings.local.json"),
        (Origin.PROJECT, "/p/.claude/settings.json"),
        (Origin.USER, "/home/ann/.claude/settings.json"),
    ]


def test_the_users_settings_are_not_the_projects_in_the_home_folder() -> None:
    found = [origin for origin, _ in settings_paths(["claude"], [Path("/home/ann")], Path("/home/ann/.claude"))]

    assert Origin.PROJECT not in found
