"""Search over everything that is stored: messages, tasks, activity, contracts and agents."""

import re
from collections.abc import Sequence

from xats_tui.backend.store import agents as agents_store
from xats_tui.backend.store.search import indexing
from xats_tui.backend.store.search.finding import Finding
from xats_tui.backend.store.search.sources import SOURCES, Copies, Hit, Narrowing, Source, copies_of
from xats_tui.backend.store.sql.columns import column
from xats_tui.backend.store.sql.database import Database
from xats_tui.core.clock import Clock, from_wire
from xats_tui.core.errors import Refusal
from xats_tui.core.model.agents import OPERATOR_ID, OPERATOR_NAME
from xats_tui.core.model.labels import folded
from xats_tui.core.records import replace
from xats_tui.core.search.matching import Matcher
from xats_tui.core.search.records import MAX_LIMIT, FindOrder, FindQuery, Found, FoundKind, FoundPage

PATIENCE_S = 0.4
"""Time after which a search answers with what it has, and says how far it has looked."""

STEP_S = 0.04
"""Time that a search keeps a reading connection at once."""

RANKED_MATCHES = 500
"""Newest matches among which the best are found."""

RANK_CURSOR = re.compile(r"best-(?P<skipped>\d{1,9})")

EXCERPT_SOURCE_CHARS = 100_000
"""Characters of a text that its excerpt is taken from; a match further back gets the beginning as its excerpt."""

Row = tuple[Source, Hit]


class Search:
    """Finds what is stored; it changes nothing, and marks nothing as read."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def find(self, query: FindQuery) -> FoundPage:
        """Return one page of what a query finds, newest or best first, and how far it has looked.

        Raises:
            Refusal: `unknown_agent` if no agent is or was called so; `unknown_cursor`.
        """
        return await self._find(query, await self._narrowing(query))

    async def _narrowing(self, query: FindQuery) -> Narrowing:
        return Narrowing(
            senders=await self._ids(query.sender),
            recipients=await self._ids(query.recipient),
            team=query.team,
            since=column(query.since),
            before=column(query.before),
            unread=query.unread,
        )

    async def find_own(self, agent_id: str, query: FindQuery) -> FoundPage:
        """Return one page of what a query finds among the messages that an agent has sent or got.

        Raises:
            Refusal: `unknown_agent`, `unknown_cursor`.
        """
        narrowing = replace(await self._narrowing(query), own=agent_id)
        return await self._find(replace(query, kinds=(FoundKind.MESSAGE,)), narrowing)

    async def _find(self, query: FindQuery, narrowing: Narrowing) -> FoundPage:
        matcher = Matcher(query.terms)
        if query.order is FindOrder.RANK:
            return await self._best(query, matcher, narrowing)
        limit = min(query.limit, MAX_LIMIT)
        finding = self._begun(query, matcher, narrowing, limit)
        if query.cursor is not None:
            try:
                finding.continue_at(query.cursor)
            except ValueError as error:
                raise _no_cursor() from error
        await self._look(finding)
        return await self._page(finding, finding.found, matcher, narrowing.own)

    async def _best(self, query: FindQuery, matcher: Matcher, narrowing: Narrowing) -> FoundPage:
        """Return a page of the best among the newest matches."""
        skipped = 0
        if query.cursor is not None:
            given = RANK_CURSOR.fullmatch(query.cursor)
            if given is None:
                raise _no_cursor()
            skipped = int(given["skipped"])
        finding = self._begun(query, matcher, narrowing, RANKED_MATCHES)
        await self._look(finding)
        ranked = sorted(finding.found, key=lambda row: matcher.score(row[1].title, row[1].text), reverse=True)
        shown = ranked[skipped : skipped + min(query.limit, MAX_LIMIT)]
        end = skipped + len(shown)
        page = await self._page(finding, shown, matcher, narrowing.own)
        return replace(page, next_cursor=f"best-{end}" if end < len(ranked) else None)

    def _begun(self, query: FindQuery, matcher: Matcher, narrowing: Narrowing, limit: int) -> Finding:
        sources = [source for source in SOURCES if not query.kinds or source.kind in query.kinds]
        return Finding(matcher, narrowing, sources, limit)

    async def _look(self, finding: Finding) -> None:
        """Look in steps, between which other readers have their turn."""
        ends_at = self._clock.monotonic() + PATIENCE_S
        while not finding.is_done and self._clock.monotonic() < ends_at:
            await self._database.read(lambda connection: finding.go_on(connection, STEP_S))

    async def _page(self, finding: Finding, rows: Sequence[Row], matcher: Matcher, own: str | None) -> FoundPage:
        ids = {one for _, hit in rows for one in (hit.who, hit.to) if one}
        # Agents address each other by name and team; people read both in one.
        named = agents_store.shown_names if own is None else agents_store.names
        names = {**await named(self._database, ids), OPERATOR_ID: OPERATOR_NAME}
        events = [hit.number for source, hit in rows if source.kind is FoundKind.MESSAGE]
        copies = await copies_of(self._database, events) if events else {}
        hits = tuple(_found(source, hit, matcher, names, copies.get(hit.number), own) for source, hit in rows)
        seen_to = finding.seen_to
        return FoundPage(
            hits=hits,
            next_cursor=finding.cursor,
            is_complete=finding.is_done,
            looked_back_to=None if finding.is_done or seen_to is None else from_wire(seen_to),
            indexed_percent=await self._database.read(indexing.percent),
        )

    async def _ids(self, name: str | None) -> frozenset[str] | None:
        """Return the ids of all agents that are or were called so: `name`, `name@team` or an id.

        Raises:
            Refusal: `unknown_agent`.
        """
        if name is None:
            return None
        if folded(name) == OPERATOR_NAME:
            return frozenset({OPERATOR_ID})
        known = await agents_store.ever_known(self._database)
        wanted = folded(name)
        ids = {one.agent_id for one in known if wanted in (folded(one.name), folded(one.address), one.agent_id)}
        if not ids:
            raise Refusal("unknown_agent", sentence=f"no agent is or was called {name}")
        return frozenset(ids)


def _no_cursor() -> Refusal:
    return Refusal("unknown_cursor", sentence="no page of this search ends there: begin again without a cursor")


def _found(
    source: Source, hit: Hit, matcher: Matcher, names: dict[str, str], copies: Copies | None, own: str | None
) -> Found:
    is_message = source.kind is FoundKind.MESSAGE
    excerpt, spans = matcher.excerpt(hit.body[:EXCERPT_SOURCE_CHARS])
    return Found(
        kind=source.kind,
        key=hit.key,
        at=from_wire(hit.at),
        team=hit.team,
        who=names.get(hit.who, hit.who),
        title=hit.title,
        title_spans=matcher.spans(hit.title),
        excerpt=excerpt,
        excerpt_spans=spans,
        event_id=hit.number if is_message else None,
        to=names.get(hit.to, hit.to) if copies is None or copies.count == 1 else f"{copies.count} agents",
        is_unread=_is_unread(hit, copies, own),
    )


def _is_unread(hit: Hit, copies: Copies | None, own: str | None) -> bool:
    """Return whether a message is unread by any recipient, or by the agent whose own mail is searched."""
    if own is not None:
        return hit.to == own and bool(hit.is_unread)
    return copies is not None and copies.unread > 0
