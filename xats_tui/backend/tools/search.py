"""The tool `search_messages`: an agent searches its own mail, and nobody else's."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from xats_tui.backend.tools.answers.cursors import Cursor
from xats_tui.backend.tools.base import Answer, Arguments, Call, Tool
from xats_tui.core.clock import to_wire
from xats_tui.core.errors import Refusal
from xats_tui.core.records import replace
from xats_tui.core.search.query_line import read_query
from xats_tui.core.search.records import FindQuery, Found, FoundPage

DEFAULT_PAGE = 20
MAX_PAGE = 50


class SearchMessages(Arguments):
    query: Annotated[str, StringConstraints(min_length=1)] = Field(
        description='Words or parts of them, "a phrase", -word; from:NAME to:NAME since:2h before:14:00 is:unread.'
    )
    limit: Annotated[int, Field(ge=1)] = Field(default=DEFAULT_PAGE, description=f"At most {MAX_PAGE}.")
    cursor: Cursor = None


async def search_messages(call: Call, arguments: SearchMessages) -> Answer:
    try:
        query = read_query(arguments.query, call.services.clock.now())
    except Refusal as refusal:
        raise Refusal("invalid_query", detail=refusal.fields["sentence"]) from refusal
    asked = replace(query, limit=min(arguments.limit, MAX_PAGE), cursor=arguments.cursor)
    page = await _found(call, asked)
    shown = call.room().filled(page.hits, _shown)
    if len(shown) < len(page.hits):  # the next page begins behind what fits
        page = await _found(call, replace(asked, limit=len(shown)))
        shown = [_shown(hit) for hit in page.hits]
    answer: dict[str, Any] = {"messages": shown, "has_more": page.next_cursor is not None}
    if page.next_cursor is not None:
        answer["next_cursor"] = page.next_cursor
    if not page.is_complete:
        looked_back_to = page.looked_back_to
        answer["looked_back_to"] = to_wire(looked_back_to) if looked_back_to else None
    return answer


async def _found(call: Call, query: FindQuery) -> FoundPage:
    try:
        return await call.services.search.find_own(call.agent.agent_id, query)
    except Refusal as refusal:
        # `unknown_agent` would tell callers that they have not registered themselves
        code = "unknown_name" if refusal.code == "unknown_agent" else "unknown_cursor"
        raise Refusal(code, detail=refusal.fields["sentence"]) from refusal


def _shown(hit: Found) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "message_id": hit.key,
        "event_id": hit.event_id,
        "from_name": hit.who,
        "to_name": hit.to,
        "to_team": hit.team,
        "sent_at": to_wire(hit.at),
        "subject": hit.title or None,
        "excerpt": hit.excerpt,
    }
    return {**entry, "unread": True} if hit.is_unread else entry


TOOLS = (
    Tool(
        name="search_messages",
        description=(
            "Search the messages that you sent or got, newest first; all words have to match. It answers excerpts and "
            "marks nothing as read: a hit with unread true is still to be read with get_inbox. The whole text of a "
            "message to you: get_inbox with since_event_id one below its event_id and limit 1. With looked_back_to it "
            "has not looked further back yet: call again with next_cursor."
        ),
        arguments=SearchMessages,
        run=search_messages,
    ),
)
