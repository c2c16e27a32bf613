"""Search over everything that is stored: messages, tasks, activity, contracts and agents."""

from xats_tui.backend.store import messages as messages_store
from xats_tui.backend.store.sql.database import Database
from xats_tui.core.model.messages import Message
from xats_tui.core.search.matching import Matcher
from xats_tui.core.search.records import FindQuery, Found, FoundKind, FoundPage

SCANNED_MESSAGES = 1000


class Search:
    """Finds what is stored."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, query: FindQuery) -> FoundPage:
        """Return one page of what a query finds, and how far it has looked.

        Raises:
            Refusal: `unknown_agent` if nobody is or was called so.
        """
        # The first version: words in the newest messages only.
        matcher = Matcher(query.terms)
        newest = await messages_store.stream(self._database, SCANNED_MESSAGES)
        found = [one for one in newest if matcher.matches(f"{one.subject or ''}\n{one.body}")]
        return FoundPage(
            hits=tuple(_found(one, matcher) for one in found[: query.limit]),
            next_cursor=None,
            is_complete=len(newest) < SCANNED_MESSAGES,
            looked_back_to=newest[-1].sent_at if newest else None,
        )


def _found(message: Message, matcher: Matcher) -> Found:
    excerpt, spans = matcher.excerpt(message.body)
    title = message.subject or ""
    return Found(
        kind=FoundKind.MESSAGE,
        key=message.id,
        at=message.sent_at,
        team=message.to_team,
        who=message.from_name or message.from_agent_id,
        title=title,
        title_spans=matcher.spans(title),
        excerpt=excerpt,
        excerpt_spans=spans,
        event_id=message.event_id,
        to=message.to_name or message.to_agent_id,
        is_unread=message.read_at is None,
    )
