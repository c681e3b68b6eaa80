"""The example essays are real files of every common kind, so they are read here as they are."""

from pathlib import Path

import pytest

from services.content_service.domain import extract, word_count

EXAMPLES = Path(__file__).parents[4] / "examples"
ESSAYS = sorted([*EXAMPLES.glob("essays/*"), *EXAMPLES.glob("essays_sv/*")])


@pytest.mark.parametrize("essay", ESSAYS, ids=[essay.name for essay in ESSAYS])
def test_every_example_essay_has_the_length_its_assignment_asks_for(essay: Path) -> None:
    assert 200 <= word_count(extract(essay.name, essay.read_bytes()).text) <= 450


def test_there_are_eighteen_of_them_with_a_word_document_and_a_pdf() -> None:
    endings = [essay.suffix for essay in ESSAYS]
    assert (len(endings), endings.count(".docx"), endings.count(".pdf")) == (18, 1, 1)


@pytest.mark.parametrize(
    ("essay", "title", "paragraphs"),
    [
        ("essay_05.docx", "Help that is ordered is not help", 7),
        ("essay_07.pdf", "One week is not too much", 7),
    ],
)
def test_documents_keep_their_paragraphs(essay: str, title: str, paragraphs: int) -> None:
    text = extract(essay, (EXAMPLES / "essays" / essay).read_bytes()).text
    blocks = text.split("\n\n")
    assert (blocks[0], len(blocks)) == (title, paragraphs)
    assert "\n" not in text.replace("\n\n", "")
