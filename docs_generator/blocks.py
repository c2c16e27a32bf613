"""Generated blocks of docs/*.md, each between two comments of which the first names the block.

To add a block to a page, write its two comments there; `BLOCKS` maps the name to the function that makes the text.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from docs_generator.clients import clients
from docs_generator.commands import commands
from docs_generator.keys import keys
from docs_generator.refusals import refusals
from docs_generator.settings import settings
from docs_generator.tools import tools

PAGES = Path(__file__).parent.parent / "docs"

BLOCKS: Mapping[str, Callable[[], str]] = {
    "clients": clients,
    "commands": commands,
    "keys": keys,
    "refusals": refusals,
    "settings": settings,
    "tools": tools,
}

BLOCK = re.compile(
    r"(?P<begin><!-- generated: (?P<name>\w+); `make pages` updates it -->\n).*?(?P<end><!-- end -->)", re.S
)


def pages() -> Iterator[Path]:
    """Yield the pages that have generated blocks."""
    return (page for page in sorted(PAGES.glob("*.md")) if BLOCK.search(page.read_text(encoding="utf-8")))


def renewed(page: str) -> str:
    """Return the text of a page with its blocks up to date.

    Raises:
        KeyError: a block has a name that is not in `BLOCKS`.
    """
    return BLOCK.sub(lambda block: f"{block['begin']}\n{BLOCKS[block['name']]().strip()}\n\n{block['end']}", page)
