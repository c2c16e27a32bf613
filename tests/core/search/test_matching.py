"""Matching: cases, diacritics, parts of words, phrases, and excerpts whose marks stand on the right characters."""

import pytest

from xats_tui.core.search.matching import EXCERPT_CHARS, Matcher, fold
from xats_tui.core.search.records import SearchTerm, Span


def matcher(*words: str, phrase: str = "", without: str = "") -> Matcher:
    terms = [SearchTerm(text=word) for word in words]
    if phrase:
        terms.append(SearchTerm(text=phrase, is_phrase=True))
    if without:
        terms.append(SearchTerm(text=without, is_wanted=False))
    return Matcher(terms)


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("cafe", "le Café du coin"),
        ("CAFÉ", "cafe\u0301"),
        ("user", "getUser()"),
        ("getuser", "call getUser now"),
        ("order_total", "the ORDER_TOTAL column"),
        ("der_tot", "order_total"),
        ("数据", "这里有数据库"),
        ("c++", "written in C++ only"),
        ("🙂", "fine 🙂"),
        ("->", "a -> b"),
        ("ok", "that is okay"),
        ("Σ", "ς"),
    ],
)
def test_a_word_is_found(typed: str, text: str) -> None:
    assert matcher(typed).matches(text)


@pytest.mark.parametrize(
    ("typed", "text"),
    [("ok", "a book"), ("c++", "cc"), ("order_total", "order the total"), ("user", "use"), ("🙂", "fine")],
)
def test_a_word_is_not_found(typed: str, text: str) -> None:
    assert not matcher(typed).matches(text)


def test_every_wanted_term_and_no_other_is_there() -> None:
    assert matcher("order", "total").matches("total of the order")
    assert not matcher("order", "total").matches("order")
    assert not matcher("order", without="draft").matches("a drafted order")


def test_a_phrase_is_whole_words_in_order() -> None:
    assert matcher(phrase="not found").matches("404: Not Found.")
    assert not matcher(phrase="not found").matches("found not")
    assert not matcher(phrase="not found").matches("not founded")


def test_marks_stand_on_the_matching_characters_though_diacritics_are_characters_of_their_own() -> None:
    text = "e\u0301e\u0301 cafe\u0301 x"

    (span,) = matcher("cafe").spans(text)

    assert text[span.start : span.start + span.length] == "cafe\u0301"


def test_an_excerpt_is_one_line_around_the_first_match() -> None:
    text = "line one\n" * 100 + "a needle\there\n" + "line two\n" * 100

    excerpt, spans = matcher("needle").excerpt(text)

    assert "\n" not in excerpt
    assert "\t" not in excerpt
    assert len(excerpt) <= EXCERPT_CHARS + 2
    assert [excerpt[span.start : span.start + span.length] for span in spans] == ["needle"]
    assert excerpt.startswith("…")
    assert excerpt.endswith("…")


def test_a_text_without_a_match_begins_its_excerpt_at_its_beginning() -> None:
    assert matcher("zebra").excerpt("no such animal") == ("no such animal", ())


def test_a_whole_word_in_the_title_counts_more_than_a_part_in_the_text() -> None:
    words = matcher("order")

    assert words.score("order", "") > words.score("", "orders") > words.score("", "")


def test_folding_keeps_the_place_of_every_letter() -> None:
    assert fold("Straße ǅ İ ﬁ") == "straße ǆ i ﬁ"
    assert matcher("i").spans("İx") == (Span(0, 1),)
