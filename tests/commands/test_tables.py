"""The tables of commands: they fit the terminal, and are whole anywhere else."""

import io
import sys
from typing import Any

import pytest
from rich.cells import cell_len

from xats_tui.commands.output.lists import list_of
from xats_tui.commands.output.tables import Columns, facts, table, text

COLUMNS: Columns = {"name": text("name"), "what": text("what"), "last": text("last")}

RECORDS: list[dict[str, Any]] = [
    {"name": "alice", "what": "a long story " * 20, "last": "one"},
    {"name": "größe-日本語" * 3, "what": "日本語" * 40, "last": None},
]


class Terminal(io.StringIO):
    """Something that says it is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


def look(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """From now on the output goes to a terminal of this width."""
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("COLUMNS", str(width))


def test_the_operator_belongs_to_no_team() -> None:
    times = {"sent_at": "2026-11-30T00:00:00.000Z", "read_at": None, "need_reply": False, "answered_at": None}
    sender = {
        "from_name": "qa",
        "from_agent_id": "A",
        "to_name": "operator",
        "to_agent_id": "operator",
        "to_team": "shop",
    }
    letters = [
        {"id": team, "from_team": team, "subject": "help", "body": "", **sender, **times} for team in ("shop", "docs")
    ]
    listed = list_of("messages", letters, wide=True)
    assert "qa@docs" in listed and "operator@" not in listed


@pytest.mark.parametrize("width", [20, 36, 37, 60, 80, 200])
def test_a_table_is_never_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    look(monkeypatch, width)

    lines = table(COLUMNS, RECORDS).splitlines()

    assert len(lines) == 3
    assert max(map(cell_len, lines)) <= width


def test_columns_on_the_right_go_before_any_is_cut_beyond_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    look(monkeypatch, 36)
    assert table(COLUMNS, RECORDS).splitlines()[0].split() == ["NAME", "WHAT"]
    look(monkeypatch, 60)
    assert table(COLUMNS, RECORDS).splitlines()[0].split() == ["NAME", "WHAT", "LAST"]


def test_nothing_is_cut_where_nobody_looks_or_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    look(monkeypatch, 20)
    assert RECORDS[1]["what"] in table(COLUMNS, RECORDS, wide=True)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert RECORDS[1]["what"] in table(COLUMNS, RECORDS)


def test_columns_are_aligned_by_what_a_terminal_draws() -> None:
    lines = table(COLUMNS, RECORDS).splitlines()

    words = ("WHAT", "a long", "日本語日本語日本語日")
    starts = {cell_len(line[: line.index(word)]) for line, word in zip(lines, words, strict=True)}
    assert len(starts) == 1


def test_facts_keep_their_lines_below_each_other_and_leave_out_what_is_empty() -> None:
    assert facts({"one": "a\nb", "none": "", "third": "c"}) == "one    a\n       b\nthird  c"


def test_no_cell_holds_what_a_terminal_obeys() -> None:
    shown = table({"name": text("name")}, [{"name": "\x1b[31mred\x07\nnext\u202e"}])

    assert shown == "NAME\n␛[31mred␇↵next�"


def test_a_table_of_several_teams_names_agents_with_their_team() -> None:
    message: dict[str, Any] = {"id": "61aaa24c-1", "sent_at": None, "from_name": "qa", "to_name": "qa", "subject": "hi"}
    message |= {"answered_at": None, "read_at": None, "from_team": "shop", "to_team": "shop"}
    assert list_of("messages", [message], wide=True).split("\n")[1].split()[2:4] == ["qa", "qa"]
    across = message | {"to_team": "mobile"}
    assert list_of("messages", [message, across], wide=True).split("\n")[2].split()[2:4] == ["qa@shop", "qa@mobile"]
