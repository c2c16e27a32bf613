"""The search as a command: everything that is stored, by words and filters."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.backend.operator_api.base import Command, Limit
from xats_tui.backend.operator_api.records import plain
from xats_tui.backend.tools.base import Answer, Arguments, Optional
from xats_tui.core.records import replace
from xats_tui.core.search.query_line import MAX_LINE_CHARS, read_query
from xats_tui.core.search.records import DEFAULT_LIMIT

MAX_CURSOR_CHARS = 300


class Find(Arguments):
    query: Annotated[str, Field(max_length=2 * MAX_LINE_CHARS)]
    """A line as `core/search/query_line.py` reads it, with times in UTC: the caller may be in another time zone."""
    limit: Limit = DEFAULT_LIMIT
    cursor: Annotated[Optional[str], Field(max_length=MAX_CURSOR_CHARS)] = None


async def find(operator: OperatorApi, arguments: Find) -> Answer:
    """Return one page of what matches, and how far was looked."""
    query = read_query(arguments.query, datetime.now(UTC))
    page = await operator.find(replace(query, limit=arguments.limit, cursor=arguments.cursor))
    return {
        "found": plain(page.hits),
        "has_more": page.next_cursor is not None,
        "next_cursor": page.next_cursor,
        "is_complete": page.is_complete,
        "looked_back_to": plain(page.looked_back_to),
        "indexed_percent": page.indexed_percent,
    }


SEARCHES = (Command(name="find", arguments=Find, run=find),)
