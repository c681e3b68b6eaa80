"""Whatever bytes come in, out comes a clean text or `UnreadableFile`, soon."""

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.content_service.domain import UnreadableFile, extract
from services.content_service.domain.wording import content_hash, normalise, word_count
from services.content_service.tests.files import docx, odt, paragraph, pdf, run, set_lines

SECONDS_ALLOWED = 5.0  # of this thread, however busy the machine is
ENDINGS = st.sampled_from(["", ".txt", ".md", ".docx", ".odt", ".pdf", ".doc", ".jpg"])
BEGINNINGS = st.sampled_from(
    [b"", b"%PDF-1.7\n", b"PK\x03\x04", b"{\\rtf", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"BM"]
)
REAL_FILES = st.sampled_from(
    [
        docx(paragraph(run("Hello there."))),
        odt("<text:p>Hello there.</text:p>"),
        pdf(set_lines(["Hello there.", "And again."])),
    ]
)


def check(file_name: str, data: bytes) -> None:
    began = time.thread_time()
    try:
        text = extract(file_name, data).text
    except UnreadableFile:
        pass
    else:
        assert word_count(text) > 0
        assert text == normalise(text)
        assert text.encode()
        assert "\x00" not in text
    assert time.thread_time() - began < SECONDS_ALLOWED


@settings(max_examples=300, deadline=None)
@given(ending=ENDINGS, beginning=BEGINNINGS, rest=st.binary(max_size=2_000))
def test_arbitrary_bytes_give_text_or_a_reason(ending: str, beginning: bytes, rest: bytes) -> None:
    check(f"essay{ending}", beginning + rest)


@settings(max_examples=300, deadline=None)
@given(
    whole=REAL_FILES,
    changes=st.lists(
        st.tuples(st.floats(0, 0.999), st.binary(max_size=12)), min_size=1, max_size=6
    ),
)
def test_a_real_file_with_damage_gives_text_or_a_reason(
    whole: bytes, changes: list[tuple[float, bytes]]
) -> None:
    damaged = bytearray(whole)
    for where, replacement in changes:
        at = int(where * len(damaged))
        damaged[at : at + len(replacement)] = replacement
    check("essay", bytes(damaged))


@pytest.mark.parametrize("size", [20_000_000])
@pytest.mark.parametrize("beginning", [b"", b"PK\x03\x04", b"%PDF-1.7\n"])
def test_the_largest_rubbish_is_refused_soon(beginning: bytes, size: int) -> None:
    pattern = bytes(range(256))
    check("essay.pdf", (beginning + pattern * (size // 256))[:size])


@given(st.text())
def test_normalising_twice_is_normalising_once(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert unicodedata.is_normalized("NFC", once)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("...", 0),
        ("I don't know.", 3),
        ("A well-known writer \N{EN DASH} twice.", 4),
        ("Vi åt 2 äpplen", 4),
        ("one\ntwo\tthree", 3),
    ],
)
def test_words_are_counted_as_a_reader_would(text: str, words: int) -> None:
    assert word_count(text) == words


def test_the_hash_names_the_text() -> None:
    assert content_hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert content_hash("å") != content_hash("a")
