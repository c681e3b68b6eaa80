import pytest

from services.content_service.domain.file_names import MAX_CHARACTERS, label


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("essay.txt", "essay.txt"),
        (" two\n words .txt ", "two words .txt"),
        ("o\u0308.docx", "ö.docx"),
        ("", "unnamed"),
        ("\x00\x07", "unnamed"),
    ],
)
def test_a_name_is_one_clean_line(sent: str, shown: str) -> None:
    assert label(sent) == shown


@pytest.mark.parametrize("sent", ["x" * 500 + ".docx", "x" * 500, "x." + "y" * 500])
def test_a_long_name_is_shortened(sent: str) -> None:
    assert len(label(sent)) == MAX_CHARACTERS


def test_a_shortened_name_keeps_its_ending() -> None:
    assert label("x" * 500 + ".docx").endswith("….docx")
