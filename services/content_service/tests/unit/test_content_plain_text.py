import codecs

import pytest

from services.content_service.domain import UnreadableFile, extract

SWEDISH = "Räksmörgåsen åt jag på Öland \N{EN DASH} ”gott”, tyckte Åsa."


def text_of(data: bytes, file_name: str = "essay.txt") -> str:
    return extract(file_name, data).text


@pytest.mark.parametrize(
    "data",
    [
        SWEDISH.encode(),
        codecs.BOM_UTF8 + SWEDISH.encode(),
        SWEDISH.encode("utf-16"),
        SWEDISH.encode("utf-16-le"),
        SWEDISH.encode("utf-16-be"),
        codecs.BOM_UTF16_BE + SWEDISH.encode("utf-16-be"),
        SWEDISH.encode("utf-32"),
        SWEDISH.encode("cp1252"),
    ],
    ids=["utf-8", "bom", "utf-16", "le", "be", "be with bom", "utf-32", "windows-1252"],
)
@pytest.mark.parametrize("file_name", ["essay.txt", "essay.md", "ESSAY.TXT", "essay"])
def test_swedish_letters_survive_every_encoding(data: bytes, file_name: str) -> None:
    assert text_of(data, file_name) == SWEDISH


def test_latin_1_is_read() -> None:
    assert text_of("Får får får? Nej, får får lamm.".encode("latin-1")) == (
        "Får får får? Nej, får får lamm."
    )


def test_one_pasted_windows_byte_does_not_spoil_a_utf_8_text() -> None:
    assert text_of("Blåbär och ".encode() + b"gr\xf6t") == "Blåbär och gröt"


def test_line_ends_become_line_feeds() -> None:
    assert text_of(b"one\r\ntwo\rthree\nfour") == "one\ntwo\nthree\nfour"


def test_letters_are_composed() -> None:
    assert text_of("a\u030a a\u0308 o\u0308".encode()) == "å ä ö"


def test_a_mark_between_a_letter_and_its_accent_does_not_keep_them_apart() -> None:
    assert text_of("a\u200b\u030a".encode()) == "å"


def test_control_characters_and_invisible_marks_are_removed() -> None:
    assert text_of("a\x00b\x07c\u200bd\u00ade\ufeff f".encode()) == "abcde f"


def test_non_breaking_spaces_become_spaces() -> None:
    assert text_of("10\u00a0000 kronor".encode()) == "10 000 kronor"


def test_ligatures_are_written_out() -> None:
    assert text_of("di\ufb03cult \ufb01nd".encode()) == "difficult find"


def test_paragraphs_keep_one_blank_line_between_them() -> None:
    assert text_of(b"\n\nOne.  \n\n\n\nTwo.\n") == "One.\n\nTwo."


@pytest.mark.parametrize("data", [b" \n\t ", b"... --- ...", codecs.BOM_UTF8, b"12 34"])
def test_a_file_without_words_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableFile, match="no words") as refused:
        text_of(data)
    assert refused.value.code == "no_text"


def test_binary_rubbish_is_refused() -> None:
    with pytest.raises(UnreadableFile) as refused:
        text_of(bytes(range(256)) * 40)
    assert refused.value.code == "not_text"
