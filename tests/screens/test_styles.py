"""The stylesheets speak of widgets that exist: Textual passes over a rule for any other without a word."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.app import App
from textual.dom import DOMNode
from textual.widget import Widget

from xats_tui import screens
from xats_tui.app import XatsApp

FOLDER = Path(screens.__file__).parent / "styles"

COMMENT = re.compile(r"/\*.*?\*/", re.S)
BODY = re.compile(r"\{.*?\}", re.S)
TYPE = re.compile(r"(?<![#.\w$-])[A-Z]\w+")


def descendants(kind: type[DOMNode]) -> Iterator[str]:
    """The names of all classes that stand on this one."""
    for each in kind.__subclasses__():
        yield each.__name__
        yield from descendants(each)


@pytest.fixture(scope="module")
def widgets() -> set[str]:
    for module in pkgutil.walk_packages(screens.__path__, f"{screens.__name__}."):
        importlib.import_module(module.name)
    return {App.__name__, XatsApp.__name__, *descendants(Widget)}


@pytest.mark.parametrize("sheet", sorted(FOLDER.glob("*.tcss")), ids=lambda sheet: str(sheet.name))
def test_every_rule_is_for_a_widget_that_there_is(sheet: Path, widgets: set[str]) -> None:
    selectors = BODY.sub(" ", COMMENT.sub("", sheet.read_text(encoding="utf-8")))
    assert set(TYPE.findall(selectors)) <= widgets
