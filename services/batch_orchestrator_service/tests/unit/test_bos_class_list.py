"""Names of pupils from the names of their files."""

import unicodedata

import pytest

from services.batch_orchestrator_service.class_list import names_in

_FOUR = ("anna", "bo", "cai", "dag")


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["anna_svensson.txt", "BoEk.docx"], ("anna", "bo", "ek", "svensson")),
        (["Åsa Öberg (2).pdf", "jean-luc.odt"], ("jean-luc", "åsa", "öberg")),
        (["essay_01.txt", "essay_02.txt", "essay_03.txt"], ()),
        (["9B_anna.txt", "9B_bo.txt", "9B_anna2.txt", "9B_cai.txt", "9B_dag.txt"], _FOUR),
        (["..txt", "1.txt", ""], ()),
    ],
)  # fmt: skip
def test_words_of_the_file_names_are_found(files: list[str], names: tuple[str, ...]) -> None:
    assert names_in(files) == names


def test_a_name_is_the_same_however_its_letters_are_composed() -> None:
    assert names_in([unicodedata.normalize("NFD", "åsa.txt")]) == ("åsa",)


def test_the_order_of_the_files_does_not_matter() -> None:
    assert names_in(["b.txt", "bo.txt", "anna.txt"]) == names_in(["anna.txt", "b.txt", "bo.txt"])
