"""The blocks of docs/*.md that are made from the code: between two comments that name the block.

Whoever writes a page puts the comments where the block is to be; what makes it is in `BLOCKS`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from documentation.commands import commands
from documentation.keys import keys
from documentation.refusals import refusals
from documentation.settings import settings
from documentation.tools import tools

PAGES = Path(__file__).parent.parent / "docs"

BLOCKS: Mapping[str, Callable[[], str]] = {
    "commands": commands,
    "keys": keys,
    "refusals": refusals,
    "settings": settings,
    "tools": tools,
}

BLOCK = re.compile(
    r"(?P<begin><!-- generated: (?P<name>\w+); `make pages` writes it anew -->\n).*?(?P<end><!-- end -->)", re.S
)


def pages() -> Iterator[Path]:
    """The pages that have blocks."""
    return (page for page in sorted(PAGES.glob("*.md")) if BLOCK.search(page.read_text(encoding="utf-8")))


def renewed(page: str) -> str:
    """The text of a page with its blocks as the code has them.

    Raises:
        KeyError: a block has a name that nobody makes.
    """
    return BLOCK.sub(lambda block: f"{block['begin']}\n{BLOCKS[block['name']]().strip()}\n\n{block['end']}", page)
