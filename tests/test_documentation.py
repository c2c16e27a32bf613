"""Tests of README.md and docs/: commands exist, generated parts are up to date, the site needs no network."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import typer

from docs_generator.blocks import pages, renewed
from docs_generator.pictures import PICTURES, picture, place
from docs_generator.refusals import MEANINGS
from tests.wire.outcomes import kind_of, pairs
from xats_tui.commands.command_line import cli

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
WRITTEN = [README, *sorted((ROOT / "docs").glob("*.md"))]

NEWCOMERS = 200
"""Longest README, in lines, that a newcomer reads to the end."""

COMMAND = re.compile(r"xats-tui (?P<flags>(--[a-z-]+ (?!-)\S+ )*)(?P<name>[a-z][a-z-]+)")
CODE = re.compile(r"`[^`\n]+`|^    [^\n]+$|^```.*?^```", re.M | re.S)
TARGET = re.compile(r"\bmake (?P<name>[a-z-]+)")
LINK = re.compile(r"\]\((?P<path>[^)#]+)(#[^)]*)?\)")
SYMPTOM = re.compile(r"^- \*\*`(?P<symptom>[^`]{5,})`", re.M)
LEFT_OUT = re.compile(r"…|\b[A-Z]\b|\d+")
"""Parts of a quoted symptom that stand for something else: a name, a number."""


def named(path: Path) -> str:
    return path.name


def code_of(page: Path) -> str:
    """Return all code of a page: inline code, indented blocks and fenced blocks."""
    return "\n".join(found[0] for found in CODE.finditer(page.read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", pages(), ids=named)
def test_what_is_generated_in_a_page_is_as_the_code_has_it(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert renewed(text) == text, "run `make pages`"


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_as_the_accepted_snapshot(name: str) -> None:
    assert place(name).read_text(encoding="utf-8") == picture(name), "run `make screenshots`"


def test_every_code_that_a_tool_can_answer_is_explained_and_no_other() -> None:
    assert MEANINGS.keys() == {kind_of(outcome) for _, outcome in pairs()} - {"ok", "tool error"}


@pytest.mark.parametrize("page", WRITTEN, ids=named)
def test_every_command_that_a_page_types_is_there(page: Path) -> None:
    there = set(typer.main.get_command(cli).commands)  # type: ignore[attr-defined]
    assert {found["name"] for found in COMMAND.finditer(code_of(page))} <= there


def typed_commands(page: Path) -> Iterator[list[str]]:
    """Yield the words after `xats-tui` of each command that a page shows, up to a comment or a pipe."""
    for found in re.finditer(r"xats-tui (?P<rest>[^\n`#|>]*)", code_of(page)):
        yield found["rest"].replace("[OPTIONS]", "").split()


@pytest.mark.parametrize("page", WRITTEN, ids=named)
def test_every_flag_that_a_page_types_is_one_of_its_command(page: Path) -> None:
    root: Any = typer.main.get_command(cli)
    for words in typed_commands(page):
        command = root
        for word in words:
            command = getattr(command, "commands", {}).get(word, command)
        known = {option for parameter in (*root.params, *command.params) for option in parameter.opts}
        known |= {option for parameter in command.params for option in parameter.secondary_opts} | {"--help"}
        own = words[: words.index("--")] if "--" in words else words
        flags = {word.partition("=")[0] for word in own if re.match(r"--?[a-zA-Z]", word)}
        assert flags <= known, words


@pytest.mark.parametrize("page", WRITTEN, ids=named)
def test_every_target_of_make_that_a_page_types_is_there(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    there = set(re.findall(r"^([a-z-]+):", makefile, re.M))
    assert {found["name"] for found in TARGET.finditer(code_of(page))} <= there


def told_texts() -> list[str]:
    """Return every text in the program's code; what is filled in is left out."""
    nodes = (
        node for file in (ROOT / "xats_tui").rglob("*.py") for node in ast.walk(ast.parse(file.read_text("utf-8")))
    )
    return [
        "…".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
        if isinstance(node, ast.JoinedStr)
        else str(node.value)
        for node in nodes
        if isinstance(node, ast.JoinedStr | ast.Constant)
    ]


def test_every_symptom_that_troubleshooting_quotes_is_in_the_program() -> None:
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    symptoms = [found["symptom"] for found in SYMPTOM.finditer(page) if not found["symptom"].startswith("xats-tui ")]
    texts = told_texts()

    assert len(symptoms) > 10
    for symptom in symptoms:
        parts = [part.strip() for part in LEFT_OUT.split(symptom) if part.strip()]
        assert any(all(part in text for part in parts) for text in texts), symptom


def gates() -> set[str]:
    """Return the names of the gates that the program judges, but for the one of an agent that cannot be reached."""
    calls = (
        node
        for file in (ROOT / "xats_tui" / "backend").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Gate", "_not_in")
    )
    names = ([*(one.value for one in call.keywords if one.arg == "name"), *call.args[:1]] for call in calls)
    return {str(name.value) for found in names for name in found if isinstance(name, ast.Constant)} - {"reach"}


def test_the_concepts_explain_every_gate_and_no_other() -> None:
    page = (ROOT / "docs" / "concepts.md").read_text(encoding="utf-8")
    table = page.partition("| gate |")[2].partition("\n\n")[0]
    explained = {name for line in table.splitlines()[2:] for name in line.split("|")[1].strip().split(", ")}

    assert explained == gates()


def test_every_link_of_the_readme_leads_to_a_file() -> None:
    paths = [found["path"] for found in LINK.finditer(README.read_text(encoding="utf-8"))]
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_readme_is_short_and_begins_with_the_two_commands() -> None:
    lines = README.read_text(encoding="utf-8").splitlines()
    assert [line.split("#")[0].strip() for line in lines[2:4]] == ["make run", "make test"]
    assert len(lines) <= NEWCOMERS


class Fetched(HTMLParser):
    """Collect the addresses that a browser fetches to show a page; links do not count."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [
            value for name, value in attrs if value and (name == "src" or (tag, name) == ("link", "href"))
        ]


def test_the_site_builds_without_a_warning_and_fetches_nothing_from_elsewhere(tmp_path: Path) -> None:
    site = tmp_path / "site"
    building = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(site)]
    told = {
        **os.environ,
        "NO_MKDOCS_2_WARNING": "1",
    }  # a warning of the theme about a mkdocs version that we do not use
    built = subprocess.run(building, cwd=ROOT, env=told, capture_output=True, text=True, timeout=50)
    assert (built.returncode, built.stdout + built.stderr) == (0, "")
    fetched = Fetched()
    for page in site.glob("*.html"):
        fetched.feed(page.read_text(encoding="utf-8"))
    assert len(fetched.addresses) > len(PICTURES)
    assert [address for address in fetched.addresses if "//" in address] == []
    drawn = [*site.glob("*.svg"), *(site / "screenshots").glob("*.svg")]
    assert drawn
    assert [
        file.name for file in drawn if re.search(r"(url|href)[^>]{0,20}http", file.read_text(encoding="utf-8"))
    ] == []
