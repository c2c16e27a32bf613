"""The line of a search: words, phrases, filters, and sentences about what cannot be read."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xats_tui.core.errors import Refusal
from xats_tui.core.search.query_line import line_of, read_query
from xats_tui.core.search.records import FindOrder, FoundKind, SearchTerm

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)

PIECES = st.one_of(
    st.sampled_from(("from:bob", 'to:"bob b"', "team:shop", "since:2h", "before:14:00", "kind:task", "is:unread", '"')),
    st.text("ab-\":* 'é", min_size=1, max_size=6),
)


def test_words_phrases_and_filters_stand_in_any_order() -> None:
    query = read_query(
        'order from:bob@shop "not found" to:"qa two" team:shop since:2h kind:message,tasks is:unread -draft', NOW
    )

    assert query.terms == (
        SearchTerm(text="order"),
        SearchTerm(text="not found", is_phrase=True),
        SearchTerm(text="draft", is_wanted=False),
    )
    assert (query.sender, query.recipient, query.team) == ("bob@shop", "qa two", "shop")
    assert query.since == NOW - timedelta(hours=2)
    assert query.kinds == (FoundKind.MESSAGE, FoundKind.TASK)
    assert query.unread
    assert query.order is FindOrder.TIME


def test_a_time_of_day_is_the_last_one_in_local_time() -> None:
    before = read_query("before:14:05", NOW).before

    assert before is not None
    assert (before.hour, before.minute) == (14, 5)
    assert NOW - timedelta(days=1) < before <= NOW


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("std::vector", "std::vector"),
        ("http://host/path", "http://host/path"),
        ("NEAR(a", "NEAR(a"),
        ("-", "-"),
        ("--json", "--json"),
        ("*", "*"),
        ('"open', '"open'),
        ("fromage:bob", "fromage:bob"),
        ("e\u0301", "é"),
    ],
)
def test_whatever_is_no_filter_is_a_word(word: str, text: str) -> None:
    assert read_query(word, NOW).terms == (SearchTerm(text=text),)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("", "empty_query"),
        ('""', "empty_query"),
        ("from:", "empty_filter"),
        ('team:""', "empty_filter"),
        ("-from:bob", "negated_filter"),
        ("since:later", "invalid_time"),
        ("kind:letter", "unknown_kind"),
        ("is:red", "unknown_state"),
        ("order:size", "unknown_order"),
        ("x" * 1001, "query_too_long"),
        ("x " * 30, "query_too_long"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_sentence_with_a_code(line: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_query(line, NOW)

    assert refused.value.code == code
    assert refused.value.fields["sentence"]


@given(st.lists(PIECES, min_size=1, max_size=5).map(" ".join))
def test_a_query_written_as_a_line_is_read_as_the_same_query(line: str) -> None:
    try:
        query = read_query(line, NOW)
    except Refusal:
        return

    assert read_query(line_of(query), NOW) == query
