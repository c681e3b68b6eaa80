"""The file of n-grams, and what the model answers from the tables that are made of it."""

from pathlib import Path

import numpy as np
import pytest

from services.spellchecker_service.domain import ngram_files
from services.spellchecker_service.domain.hashing import word_key
from services.spellchecker_service.domain.language_model import Context, LanguageModel, tables
from services.spellchecker_service.domain.ngram_files import NGrams

A, OF, CUP, TEA = (word_key(word) for word in ("a", "of", "cup", "tea"))


def _steps(*logs: int) -> ngram_files.Steps:
    return np.array(logs, np.uint8)


NGRAMS = NGrams(
    ["a", "of", "cup", "tea"],
    _steps(4, 6, 14, 16),
    _steps(1, 2, 3, 0),
    np.array([[0, 0, 1, 2], [2, 3, 3, 1]]),
    _steps(8, 10, 9, 1),
    _steps(5, 0, 0, 7),
    np.array([[0, 2], [2, 1], [1, 3]]),
    _steps(1, 2),
)


@pytest.fixture
def model(tmp_path: Path) -> LanguageModel:
    ngram_files.write(tmp_path / "ngrams.xz", NGRAMS)
    return LanguageModel(tables(ngram_files.read(tmp_path / "ngrams.xz")))


def test_the_file_gives_back_what_was_written(tmp_path: Path) -> None:
    ngram_files.write(tmp_path / "ngrams.xz", NGRAMS)
    found = ngram_files.read(tmp_path / "ngrams.xz")
    assert [np.asarray(each).tolist() for each in found] == [
        np.asarray(each).tolist() for each in NGRAMS
    ]


@pytest.mark.parametrize(
    ("before", "word", "steps"),
    [
        pytest.param((), TEA, 16, id="alone"),
        pytest.param((OF,), TEA, 9, id="a pair"),
        pytest.param((OF,), CUP, 2 + 14, id="a pair that is not known"),
        pytest.param((CUP, OF), TEA, 2, id="three"),
        pytest.param((A, CUP), TEA, 5 + 3 + 16, id="three of which no two are known"),
        pytest.param((CUP, A), TEA, 10, id="three that begin with a pair that is not known"),
        pytest.param((A, CUP, OF), TEA, 2, id="no more than two before it count"),
    ],
)
def test_a_word_is_as_likely_as_the_longest_known_ngram_says(
    model: LanguageModel, before: tuple[int, ...], word: int, steps: int
) -> None:
    assert model.log_behind(before, [word]) == -ngram_files.STEP * steps


def test_words_are_likely_by_what_is_before_and_behind_them(model: LanguageModel) -> None:
    within = model.log_within(Context((A, CUP), (TEA,)), [OF])
    assert within == model.log_behind((A, CUP), [OF]) + model.log_behind((CUP, OF), [TEA])


def test_a_pair_has_a_share_only_if_it_is_known(model: LanguageModel) -> None:
    assert model.log_pair(OF, TEA) == -ngram_files.STEP * (6 + 9)
    assert model.log_pair(TEA, OF) is None
    assert not model.knows(word_key("coffee"))


def test_three_words_have_a_share_only_if_they_are_known(model: LanguageModel) -> None:
    assert model.log_triple(A, CUP, OF) == -ngram_files.STEP * (4 + 8 + 1)
    assert model.log_triple(A, CUP, TEA) is None
