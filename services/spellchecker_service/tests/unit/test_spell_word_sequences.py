"""What counts of Swedish words and classes tell of a word by those around it."""

import math

import pytest

from services.spellchecker_service.domain.hashing import pair_key, word_key
from services.spellchecker_service.domain.swedish_grammar import INFINITIVE, PAST
from services.spellchecker_service.domain.word_sequences import (
    EDGE,
    Side,
    WordSequences,
    class_key,
    log_rate,
    runs,
    tables,
)

TEXTS = (
    "Jag vill grilla korv. Jag vill dansa!",
    "Vi vill sjunga; igår grillade vi korv, inte fisk.",
    "De ska grilla fisk.",
)
FLAGS = {
    "grilla": INFINITIVE,
    "dansa": INFINITIVE,
    "sjunga": INFINITIVE,
    "simma": INFINITIVE,
    "grillade": PAST,
}
NEVER = 1e-6


@pytest.fixture
def counted() -> WordSequences:
    return WordSequences(tables(TEXTS, lambda word: FLAGS.get(word, 0)))


def _lift(side: Side, word: str, prior: float | None = None) -> float:
    return side.lift(word_key(word), class_key(FLAGS.get(word, 0)), 0.01, prior)


def _behind(counted: WordSequences, near: str, far: str | None = None) -> Side:
    """Behind these words."""
    further = word_key(far) if far else None
    return Side(counted, word_key(near), further, NEVER, before=True)


def _before(counted: WordSequences, near: str, far: str | None = None) -> Side:
    further = word_key(far) if far else None
    return Side(counted, word_key(near), further, NEVER, before=False)


def test_a_run_ends_with_its_sentence_and_is_cut_where_anything_but_space_stands() -> None:
    assert list(runs(TEXTS[1])) == [
        [EDGE, "vi", "vill", "sjunga", EDGE],
        [EDGE, "igår", "grillade", "vi", "korv"],
        ["inte", "fisk", EDGE],
    ]


def test_words_and_classes_are_counted_one_two_and_three_at_a_time(counted: WordSequences) -> None:
    jag, vill, grilla, edge = map(word_key, ("jag", "vill", "grilla", EDGE))
    infinitive = class_key(INFINITIVE)
    vill_infinitive = pair_key(vill, infinitive)
    assert counted.words == 30
    assert [counted.count(key) for key in (vill, grilla, infinitive)] == [3, 2, 4]
    assert counted.count(pair_key(jag, vill)) == 2
    assert counted.count(pair_key(edge, jag)) == 2
    assert counted.count(vill_infinitive) == 3
    assert counted.count(pair_key(infinitive, edge)) == 2
    assert counted.count(pair_key(pair_key(jag, vill), grilla)) == 1
    assert counted.count(pair_key(pair_key(jag, vill), infinitive)) == 2
    assert counted.count(pair_key(pair_key(infinitive, word_key("fisk")), edge)) == 1
    assert counted.count(pair_key(vill, jag)) == 0


def test_no_count_runs_over_from_one_sentence_to_the_next(counted: WordSequences) -> None:
    assert counted.count(pair_key(word_key("korv"), word_key("inte"))) == 0
    assert counted.count(pair_key(word_key(EDGE), word_key(EDGE))) == 0


def test_a_word_is_likelier_where_it_was_seen(counted: WordSequences) -> None:
    behind = _behind(counted, "grilla")
    assert _lift(behind, "korv") > _lift(behind, "vill")
    assert _lift(_before(counted, "korv"), "grilla") > _lift(_before(counted, "jag"), "grilla")


def test_a_word_that_was_not_seen_there_is_as_likely_as_its_class(counted: WordSequences) -> None:
    behind = _behind(counted, "vill")
    assert _lift(behind, "simma") > 0 > _lift(behind, "grillade")


def test_what_another_source_tells_counts_as_much_as_one_occurrence(counted: WordSequences) -> None:
    behind = _behind(counted, "fisk")
    assert _lift(behind, "korv", 3.0) - _lift(behind, "korv", 0.0) == pytest.approx(3, abs=0.5)
    assert log_rate(3, 1.0) == pytest.approx(math.log(2))
    assert log_rate(0, 0.0, 1.0, 2.5) == pytest.approx(2.5)
    assert log_rate(100, 100.0, 1.0, 2.5) == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize(
    ("far", "word"), [("jag", "dansa"), ("vi", "sjunga")], ids=["jag vill", "vi vill"]
)
def test_the_word_further_on_tells_more(counted: WordSequences, far: str, word: str) -> None:
    further = _behind(counted, "vill", far)
    other = "sjunga" if word == "dansa" else "dansa"
    assert _lift(further, word) > _lift(_behind(counted, "vill"), word)
    assert _lift(further, other) < _lift(further, word)


def test_three_words_are_read_forwards_on_both_sides(counted: WordSequences) -> None:
    alone, further = _before(counted, "korv"), _before(counted, "korv", EDGE)
    assert _lift(further, "grilla") > _lift(alone, "grilla")
    assert _lift(further, "vi") < _lift(alone, "vi")


def test_beside_a_word_of_which_nothing_is_known_all_are_alike(counted: WordSequences) -> None:
    unknown = Side(counted, word_key("xyz"), None, 0.0, before=True)
    assert _lift(unknown, "grilla") == _lift(unknown, "korv") == 0


def test_the_word_further_on_tells_of_the_class_too() -> None:
    texts = ["Han vill inte dansa.", "Hon vill inte sjunga.", "Vi är inte här.", "Ni var inte där."]
    counted = WordSequences(tables(texts, lambda word: FLAGS.get(word, 0)))
    further, near = _behind(counted, "inte", "vill"), _behind(counted, "inte")
    assert _lift(further, "simma") > _lift(near, "simma")


def test_a_word_tells_of_the_one_after_the_next(counted: WordSequences) -> None:
    """`ska grilla fisk`: what stands between is not known."""
    behind, elsewhere = _behind(counted, "grila", "ska"), _behind(counted, "grila", "igår")
    assert _lift(behind, "fisk") > _lift(elsewhere, "fisk")
    before = _before(counted, "grila", "korv")
    assert _lift(before, "vill") > _lift(before, "ska")
    assert _lift(behind, "vi") < _lift(elsewhere, "vi")


def test_it_tells_of_the_class_of_the_one_after_the_next(counted: WordSequences) -> None:
    for side in (_behind(counted, "grila", "jag"), _before(counted, "grila", EDGE)):
        assert _lift(side, "simma") > _lift(side, "grillade")


def test_it_tells_nothing_of_another_sentence(counted: WordSequences) -> None:
    behind = _behind(counted, "grila", "korv")
    assert _lift(behind, "inte") == _lift(behind, "aldrig")


def test_an_edge_has_no_class(counted: WordSequences) -> None:
    assert counted.count(pair_key(word_key("dansa"), class_key(0))) == 0


def test_how_frequent_words_are_elsewhere_counts_too(counted: WordSequences) -> None:
    assert counted.share(word_key("korv"), 0.1) == pytest.approx((2 / 30 + 0.1) / 2)
    usual = Side(counted, word_key("jag"), None, 0.5, before=True)
    assert _lift(usual, "korv") < _lift(_behind(counted, "jag"), "korv")
