"""What holds for every text there can be."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.spellchecker_service.domain import Correction, Language, apply, check
from services.spellchecker_service.domain.phonetics import LANGUAGES

_PIECES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        # Other scripts, combining and joining marks, letters that change length when folded.
        [
            *("abbility", "recieve", "teh", "alot", "dont", "don\u2019t", "manniskor", "samhellet"),
            *("cafe\u0301", "v\u00e4n\u00adner", "e\u0301e\u0301", "A\u030a", "\u200d", "\ud800"),
            *("\U0001f469\u200d\U0001f467", "\u05e9\u05dc\u05d5\u05dd", "\u0645\u0631\u062d"),
            *("\r\n", "\n\n", "\t", "\u201c", "\u201d", "'", "-", "\u2014", "\ufb01n", "\u0130st"),
            *("3rd", "#tag", "@me", "http://x.y/", "\u00df", "\u0149", "\u01c6", "\U0001d400x"),
        ]
    ),
    st.from_regex(r"[a-zåäö]{1,30}", fullmatch=True),
)
_TEXTS = st.lists(_PIECES, max_size=12).map(" ".join)


@settings(deadline=None, max_examples=150)
@given(_TEXTS, st.sampled_from(LANGUAGES))
def test_spans_are_exact_sorted_and_apart(text: str, language: Language) -> None:
    reached = 0
    for found in check(text, language):
        assert reached <= found.start < found.end <= len(text)
        assert found.original == text[found.start : found.end]
        assert 0 <= found.confidence <= 1
        assert all(found.suggestions)
        assert len(set(found.suggestions)) == len(found.suggestions)
        reached = found.end


@settings(deadline=None, max_examples=150)
@given(_TEXTS, st.sampled_from(LANGUAGES))
def test_text_outside_the_corrections_is_untouched(text: str, language: Language) -> None:
    found = check(text, language)
    result = apply(text, found)
    expected, reached = [], 0
    for each in found:
        if each.applied:
            expected += [text[reached : each.start], each.suggestions[0]]
            reached = each.end
    assert result == "".join([*expected, text[reached:]])


@settings(deadline=None, max_examples=60)
@given(_TEXTS, st.sampled_from(LANGUAGES))
def test_the_same_text_gets_the_same_corrections(text: str, language: Language) -> None:
    assert check(text, language) == check(text, language)


def _seconds(text: str, language: Language) -> float:
    """Of this thread, the best of three: the garbage of other tests is collected in one of them."""
    taken = []
    for _ in range(3):
        began = time.thread_time()
        check(text, language)
        taken.append(time.thread_time() - began)
    return min(taken)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "unit",
    ["x", "å", "a b ", "abbility ", "'", "\u201c", "-", "e\u0301", "a'", "a-", "\r\n", "a.b.", "@"],
)
def test_time_grows_with_the_length_only(unit: str, language: Language) -> None:
    """A quadratic step would take a hundred times as long for ten times the text."""
    check(unit * 100, language)
    long = unit * (1_000_000 if len(unit) == 1 else 8_000)
    short = long[: len(long) // 10]
    assert _seconds(long, language) < 25 * max(_seconds(short, language), 0.02)


def test_a_word_repeated_a_thousand_times_is_repaired_each_time() -> None:
    text = "abbility " * 1000
    assert apply(text, check(text, "en")) == "ability " * 1000


def test_applied_corrections_leave_uncertain_ones_in_place() -> None:
    text = "teh cat"
    marked = Correction(0, 3, "teh", ("the",), "spelling", 0.4, applied=False)
    assert apply(text, [marked]) == text
