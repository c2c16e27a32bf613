"""Tests of ARCHITECTURE.md and the docs against the tree: rooms, named paths, modules per folder."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "xats_tui"
ARCHITECTURE = ROOT / "ARCHITECTURE.md"
PAGES = [ARCHITECTURE, ROOT / "CONTRIBUTING.md", ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

MAX_MODULES = 14
"""Modules of a folder that a reader can keep apart."""

MANY_MODULES = frozenset({"commands"})
"""Folders that have a module for each command."""

ROOM = re.compile(r"`(?P<room>[\w/]+)/`")

EACH_CLIENT = "clients/CLIENT"
"""Row of the table that stands for the folder of every client."""

PATH = re.compile(r"(?<![\w/~.$@-])(?P<path>\.?[\w-]+(?:/[\w.-]+)*/?)")
"""Text that may be a path: not one that begins with a slash, a tilde or a variable."""

NAME = re.compile(
    r"(?:`|\*\*)(?:\w+\.)*(?P<name>[A-Z][a-z]+[A-Z]\w+|(?<=`)[A-Z][a-z]\w+(?=`)|[A-Z]{2,}_[A-Z_]+|\w+(?=\(\)))(?:\(\))?(?:`|\*\*)"
)
"""A class, a constant, or a function with its parentheses."""

DEFINITION = re.compile(
    r"^[ ]*(?:(?:class|(?:async )?def) (?P<name>\w+)|(?P<constant>\w+)(?:: [^=\n]+)? = )", re.MULTILINE
)
"""The beginning of a class, a function or an assignment: parsing all files would take twenty times as long."""

TOP = {path.name for folder in (ROOT, PACKAGE) for path in folder.iterdir() if path.is_dir()}
"""Names of folders with which a path of ours begins."""


def folders() -> Iterator[Path]:
    """Yield every folder of the package that has files of its own."""
    for folder in PACKAGE.rglob("*"):
        if folder.is_dir() and folder.name != "__pycache__" and any(one.is_file() for one in folder.iterdir()):
            yield folder


def described_rooms() -> list[str]:
    """Return the folders in the first column of the table of rooms; one row stands for all clients."""
    table = ARCHITECTURE.read_text(encoding="utf-8").partition("\n## Rooms\n")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    rooms = [found["room"] for cell in cells for found in ROOM.finditer(cell)]
    clients = [f"clients/{spec.parent.name}" for spec in PACKAGE.glob("clients/*/spec.py")]
    return [room for row in rooms for room in (clients if row == EACH_CLIENT else [row])]


def named_paths(page: Path) -> Iterator[str]:
    """Yield the paths of this project that a page names: below one of its folders, or a Python or Markdown file."""
    for found in PATH.finditer(page.read_text(encoding="utf-8")):
        path = found["path"].rstrip(".")
        if path.rstrip("/") == EACH_CLIENT:
            continue
        if path.endswith((".py", ".md")) or ("/" in path and path.partition("/")[0] in TOP):
            yield path


def defined_names() -> set[str]:
    """Return the names of all classes, functions, constants and attributes of the package and its tests."""
    files = [*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    return {
        found["name"] or found["constant"]
        for file in files
        for found in DEFINITION.finditer(file.read_text(encoding="utf-8"))
    }


def is_there(path: str, page: Path) -> bool:
    """Tell whether a path exists below the project, the package or the page's folder; a bare module name, anywhere."""
    if any((start / path).exists() for start in (ROOT, PACKAGE, page.parent)):
        return True
    return "/" not in path and path.endswith(".py") and any(PACKAGE.rglob(path))


def test_the_table_of_rooms_names_each_folder_once_and_no_other() -> None:
    described = described_rooms()

    assert sorted(described) == sorted(str(folder.relative_to(PACKAGE)) for folder in folders())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    assert [path for path in named_paths(page) if not is_there(path, page)] == []


def test_every_class_function_and_constant_that_the_architecture_names_exists() -> None:
    named = {found["name"] for found in NAME.finditer(ARCHITECTURE.read_text(encoding="utf-8"))}

    assert len(named) > 30
    assert named - defined_names() == set()


def test_the_pages_name_paths_that_are_looked_for() -> None:
    paths = set(named_paths(ARCHITECTURE))

    assert {"backend/thread.py", "tests/faults/", "pyproject.toml"} - paths == {"pyproject.toml"}
    assert not is_there("backend/crossing.py", ARCHITECTURE)


def test_no_folder_holds_more_modules_than_a_reader_can_keep_apart() -> None:
    counts = {
        str(folder.relative_to(PACKAGE)): sum(1 for file in folder.glob("*.py") if file.name != "__init__.py")
        for folder in folders()
    }

    assert {name: count for name, count in counts.items() if count > MAX_MODULES and name not in MANY_MODULES} == {}


def test_the_dashboard_knows_nothing_of_the_coordinator_but_the_operators_verbs() -> None:
    imported = {
        node.module
        for file in [PACKAGE / "app.py", *(PACKAGE / "screens").rglob("*.py")]
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("xats_tui.backend.")
    }

    assert [module for module in imported if not module.startswith("xats_tui.backend.operator_api.")] == []
