"""docs/security.md promises no more than what a test shows: each claim names its test, and there is such a test."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]

PAGE = (PROJECT / "docs/security.md").read_text(encoding="utf-8")

NAMED = re.compile(r"(tests/[\w/]+(?:\.py)?)(?:::(\w+))?")
"""A test, a file of tests or a folder of them."""

ATTACKERS = (
    "a web page",
    "another user",
    "an unregistered local process",
    "a registered agent",
    "a program in a pane",
    "a file in the contracts folder",
    "a program on a coordinator's port",
)


@cache
def names_in(path: Path) -> set[str]:
    """The names of the tests in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {function.name for function in functions if function.name.startswith("test_")}


@pytest.mark.parametrize(("path", "name"), sorted(set(NAMED.findall(PAGE))))
def test_every_test_that_is_named_is_there(path: str, name: str) -> None:
    file = PROJECT / path

    assert file.exists()
    assert not name or name in names_in(file)


def test_each_attacker_has_its_rows_and_each_row_its_tests() -> None:
    named = re.findall(r"^\| \*\*(.+?)\*\*", PAGE, re.MULTILINE)

    assert named == list(ATTACKERS)
    assert all("::test_" in line for line in PAGE.splitlines() if line.startswith(("| **", "| | ")))
