"""Manifests in the home: added, taken away, in place of a built-in one, and never in place of a client with code."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.manifests.manifest_text import TEXT
from xats_tui.backend.panes import read_pane
from xats_tui.clients.registry import (
    CLIENTS,
    by_environment,
    by_executable,
    by_handshake,
    client_ids,
    known_client,
    look_in,
    manifest_of,
    revision,
    use_manifests,
)
from xats_tui.core.model.panes import PaneState

GEMINI = """\
id = "gemini"
title = "Gemini, as I have it"
tried = false
program = "gemini"
install = "make gemini"
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home with a folder for manifests; afterwards the registry is as before."""
    (tmp_path / "clients").mkdir()
    yield tmp_path
    use_manifests(tmp_path / "none")


def put(home: Path, name: str, text: str) -> None:
    (home / "clients" / name).write_text(text, encoding="utf-8")


def problem(home: Path, text: str, name: str = "mine.toml") -> str:
    """The problem of the only manifest."""
    put(home, name, text)
    found = use_manifests(home)
    assert not found.manifests
    return found.problems[name]


def test_a_client_is_added_by_a_file_and_gone_with_it(home: Path) -> None:
    put(home, "mine.toml", TEXT + "\n")
    before = revision()

    assert not use_manifests(home).problems

    assert revision() > before
    assert "mine" in client_ids() and CLIENTS["mine"].title == "My agent"
    assert (by_executable("mine"), by_handshake("mine-client 1.0")) == ("mine", "mine")
    assert known_client("mine") == "mine"
    (home / "clients" / "mine.toml").unlink()
    use_manifests(home)
    assert "mine" not in CLIENTS and by_executable("mine") is None
    assert known_client("mine") == "custom"


def test_a_bridge_reads_them_when_it_first_meets_a_name_that_is_not_known(home: Path) -> None:
    put(home, "mine.toml", TEXT)

    look_in(home)

    assert by_handshake("mine-client") == "mine"


def test_a_bad_file_is_one_sentence_and_its_client_is_not_known(home: Path) -> None:
    put(home, "good.toml", TEXT.replace("mine", "good"))
    put(home, "mine.toml", TEXT.replace('cursor = "terminal"', 'cursor = "somewhere"'))

    found = use_manifests(home)

    assert list(found.manifests) == ["good"]
    assert found.problems == {"mine.toml": "mine.toml, line 13: cursor is one of terminal, drawn, either"}
    assert by_executable("mine") is None


def test_a_users_file_takes_the_place_of_a_built_in_one(home: Path) -> None:
    put(home, "gemini.toml", GEMINI)

    assert not use_manifests(home).problems

    assert CLIENTS["gemini"].title == "Gemini, as I have it"
    assert by_handshake("gemini-cli-mcp-client") is None
    assert read_pane("gemini", "> ", {"cursor_x": 2, "cursor_y": 0}).state is PaneState.UNKNOWN


def test_a_client_with_code_is_not_described_anew(home: Path) -> None:
    text = TEXT.replace('id = "mine"', 'id = "codex"')
    assert "line 1: codex is built in and cannot be described anew" in problem(home, text, "codex.toml")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('program = "mine"', 'program = "claude"', "claude belongs to Claude Code already"),
        ('handshake = ["mine-client"]', 'handshake = ["kilo"]', "line 6: kilo belongs to Kilo already"),
        ('handshake = ["mine-client"]', 'handshake = ["codex-mcp-client"]', "belongs to Codex already"),
        ('handshake = ["mine-client"]', 'environment = "OPENCODE"', "line 6: OPENCODE belongs to opencode already"),
    ],
)
def test_the_names_of_another_client_are_not_taken(home: Path, old: str, new: str, said: str) -> None:
    assert said in problem(home, TEXT.replace(old, new))


def test_what_is_no_readable_text_is_a_problem_and_no_failure(home: Path) -> None:
    (home / "clients" / "folder.toml").mkdir()
    (home / "clients" / "bytes.toml").write_bytes(b'id = "bytes"\ntitle = "\xff"\n')
    (home / "clients" / "large.toml").write_text("#" * 70_000)
    (home / "clients" / "gone.toml").symlink_to(home / "nowhere")

    problems = use_manifests(home).problems

    assert problems.keys() == {"folder.toml", "bytes.toml", "large.toml", "gone.toml"}
    assert problems["bytes.toml"] == "bytes.toml, line 2: this is not UTF-8; save the file as UTF-8"


def test_a_clients_kin_is_told_from_it_though_both_set_the_same_variable() -> None:
    assert by_environment({"OPENCODE": "1", "KILO": "1"}) == ("kilo", "KILO")
    assert by_environment({"OPENCODE": "1"}) == ("opencode", "OPENCODE")


def test_short_names_do_not_match_longer_ones() -> None:
    assert by_handshake("pi") == "pi" and by_handshake("pi 1.6.0") == "pi"
    assert by_handshake("pipeline") is None and by_handshake("kilobyte") is None


@pytest.mark.parametrize("client", [client for client in CLIENTS if (one := manifest_of(client)) and not one.tried])
def test_a_client_that_was_not_tried_is_never_idle(client: str) -> None:
    reading = read_pane(client, "> ", {"cursor_x": 2, "cursor_y": 0, "cursor_flag": 1})

    assert reading.state is PaneState.UNKNOWN
    assert reading.reason.endswith("were not tried: nothing is typed there")
