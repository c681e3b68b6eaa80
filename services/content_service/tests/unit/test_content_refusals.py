"""Every kind of file that gives no text, and what the teacher is told."""

import pickle
import random
import tracemalloc
import zipfile

import pytest

from services.content_service.domain import Limits, UnreadableFile, extract, package
from services.content_service.domain.refusals import REASONS, Refusal
from services.content_service.tests.files import (
    docx,
    encrypted,
    odt,
    paragraph,
    pdf,
    relationships,
    run,
    set_lines,
    zipped,
)

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
GOOD_DOCX = docx(paragraph(run("Hello.")))
GOOD_PDF = pdf(set_lines(["Hello."]))


def ole(stream: str) -> bytes:
    return OLE + stream.encode("utf-16-le") + bytes(64)


def xml_bomb() -> str:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE b [<!ENTITY e0 "ha">{entities}]><b>&e9;</b>'


def external_entity() -> str:
    return '<!DOCTYPE b [<!ENTITY e SYSTEM "file:///etc/hostname">]><b>&e;</b>'


def with_document(xml: str) -> bytes:
    return zipped(
        {"_rels/.rels": relationships("word/document.xml"), "word/document.xml": xml.encode()}
    )


def sparse_text(size: int) -> str:
    """Make a text that packs well, but not so well as to be suspicious for that alone."""
    block = random.Random(1).randbytes(400).hex() + " " * 50_000
    return (block * (size // len(block) + 1))[:size]


def lying_about_its_size() -> bytes:
    """Make a document part of 60 MB that says it has 100 bytes."""
    bomb = with_document(" " * 60_000_000)
    size = (60_000_000).to_bytes(4, "little")
    assert bomb.count(size) == 2
    return bomb.replace(size, (100).to_bytes(4, "little"))


def encrypted_entry() -> bytes:
    archive = bytearray(GOOD_DOCX)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = archive.find(signature)
        while at >= 0:
            archive[at + offset] |= 1
            at = archive.find(signature, at + 4)
    return bytes(archive)


REFUSED: list[tuple[str, bytes, str]] = [
    ("empty.txt", b"", "empty_file"),
    ("empty.docx", b"", "empty_file"),
    ("no words.docx", docx(paragraph()), "no_text"),
    ("no words.odt", odt("<text:p/>"), "no_text"),
    ("scan.pdf", pdf([]), "scanned_pdf"),
    ("locked.pdf", encrypted(GOOD_PDF, password="secret"), "password_protected"),
    ("locked.docx", ole("EncryptedPackage"), "password_protected"),
    (
        "locked.odt",
        odt("", **{"META-INF/manifest.xml": b"<encryption-data/>"}),
        "password_protected",
    ),
    ("locked new.odt", odt("", **{"encrypted-package": b"?"}), "password_protected"),
    ("locked zip.docx", encrypted_entry(), "password_protected"),
    ("old.doc", ole("WordDocument"), "old_word"),
    ("old.docx", ole("WordDocument"), "old_word"),
    ("old.xls", ole("Workbook"), "unsupported_kind"),
    ("text.rtf", b"{\\rtf1 Hello}", "unsupported_kind"),
    ("text.pages", zipped({"Index/Document.iwa": b"x"}), "unsupported_kind"),
    ("sheet.xlsx", zipped({"_rels/.rels": relationships("xl/workbook.xml")}), "unsupported_kind"),
    ("show.pptx", zipped({"_rels/.rels": relationships("ppt/show.xml")}), "unsupported_kind"),
    ("sheet.ods", zipped({"mimetype": b"application/epub+zip"}), "unsupported_kind"),
    ("all.zip", zipped({"essay.txt": b"Hello"}), "unsupported_kind"),
    ("page.html", b"<!DOCTYPE html><html><p>Hello</p></html>", "unsupported_kind"),
    ("grades.csv", b"name,grade\nessay,A\n", "unsupported_kind"),
    ("data.xml", b"<?xml version='1.0'?><essay>Hello</essay>", "unsupported_kind"),
    ("photo.jpg", b"\xff\xd8\xff\xe0" + bytes(100), "picture"),
    ("photo.docx", b"\x89PNG\r\n\x1a\n" + bytes(100), "picture"),
    ("photo.heic", bytes(4) + b"ftypheic" + bytes(100), "picture"),
    ("photo.webp", b"RIFF" + bytes(4) + b"WEBP" + bytes(100), "picture"),
    ("photo.bmp", b"BM" + bytes(100), "picture"),
    ("drawing.svg", b"<?xml version='1.0'?><svg/>", "picture"),
    ("text.docx", b"This is only text.", "not_what_it_says"),
    ("text.odt", b"This is only text.", "not_what_it_says"),
    ("text.pdf", b"This is only text.", "not_what_it_says"),
    ("archive.docx", zipped({"essay.txt": b"Hello"}), "not_what_it_says"),
    ("song.txt", bytes(range(256)) * 100, "not_text"),
    ("half.docx", GOOD_DOCX[: len(GOOD_DOCX) // 2], "damaged_file"),
    ("half.pdf", GOOD_PDF[:40], "damaged_file"),
    ("no part.docx", zipped({"_rels/.rels": relationships("word/document.xml")}), "damaged_file"),
    ("not xml.docx", with_document("<w:document"), "damaged_file"),
    ("no body.docx", with_document("<document/>"), "damaged_file"),
    (
        "no content.odt",
        zipped({"mimetype": b"application/vnd.oasis.opendocument.text"}),
        "damaged_file",
    ),
    ("lzma.docx", zipped({"_rels/.rels": b"<r/>"}, compression=zipfile.ZIP_LZMA), "damaged_file"),
    ("bomb.docx", with_document(" " * 40_000_000), "unpacks_too_large"),
    ("flat bomb.docx", with_document(f"<b>{' ' * 5_000_000}</b>"), "unpacks_too_large"),
    ("many.docx", zipped({f"{n}": b"" for n in range(3_000)}), "unpacks_too_large"),
    ("laughs.docx", with_document(xml_bomb()), "unpacks_too_large"),
    ("spy.docx", with_document(external_entity()), "unpacks_too_large"),
    ("doctype.docx", with_document("<!DOCTYPE a><a/>"), "unpacks_too_large"),
    ("sparse bomb.docx", with_document(sparse_text(33_000_000)), "unpacks_too_large"),
    ("deep.docx", with_document("<a>" * 50_000 + "</a>" * 50_000), "unpacks_too_large"),
    ("liar.docx", lying_about_its_size(), "damaged_file"),
    ("long.txt", b"word " * 50_000, "text_too_long"),
    ("very long.txt", b"word " * 400_000, "text_too_long"),
    ("long.docx", docx(paragraph(run("word " * 50_000))), "text_too_long"),
    ("long.pdf", pdf(*[set_lines(["word " * 20_000])] * 3), "text_too_long"),
    ("book.pdf", pdf(*[[]] * 201), "text_too_long"),
]


@pytest.mark.parametrize(("file_name", "data", "code"), REFUSED, ids=[name for name, *_ in REFUSED])
def test_a_file_without_readable_text_is_refused_with_its_reason(
    file_name: str, data: bytes, code: str
) -> None:
    with pytest.raises(UnreadableFile) as refused:
        extract(file_name, data)
    assert refused.value.code == code


def test_every_refusal_but_those_of_the_service_occurs_above() -> None:
    by_limit_or_time = {Refusal.FILE_TOO_LARGE, Refusal.TIMED_OUT}
    assert {code for *_, code in REFUSED} == set(Refusal) - by_limit_or_time


def test_a_declared_size_beyond_all_measure_is_refused_without_unpacking(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(package, "MAX_UNPACKED_BYTES", 10_000)
    parts = {f"media/{number}": bytes(4_000) for number in range(3)}
    with pytest.raises(UnreadableFile) as refused:
        extract("essay.docx", zipped(parts))
    assert refused.value.code == "unpacks_too_large"


def test_a_part_is_unpacked_no_further_than_its_limit() -> None:
    bomb = with_document(" " * 150_000_000)
    tracemalloc.start()
    with pytest.raises(UnreadableFile):
        extract("essay.docx", bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000_000


def test_more_elements_than_any_essay_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "MAX_ELEMENTS", 100)
    with pytest.raises(UnreadableFile) as refused:
        extract("essay.docx", docx(paragraph(run("word ")) * 100))
    assert refused.value.code == "unpacks_too_large"


def test_the_limits_are_the_callers() -> None:
    with pytest.raises(UnreadableFile, match=r"larger than 0\.001 MB") as refused:
        extract("essay.txt", b"word " * 300, Limits(file_bytes=1_000))
    assert refused.value.code == "file_too_large"
    with pytest.raises(UnreadableFile, match="longer than 10 characters"):
        extract("essay.txt", b"one two three", Limits(text_characters=10))
    assert extract("essay.txt", b"one two", Limits(file_bytes=7, text_characters=7)).text


def test_a_refusal_survives_the_way_back_from_a_worker_process() -> None:
    with pytest.raises(UnreadableFile) as refused:
        extract("essay.docx", b"This is only text.")
    returned = pickle.loads(pickle.dumps(refused.value))  # noqa: S301 - our own bytes
    assert (returned.code, returned.reason) == (refused.value.code, refused.value.reason)
    assert returned.reason.startswith("The file name ends in .docx, but")


def test_an_extracted_text_survives_the_way_back_from_a_worker_process() -> None:
    extracted = extract("essay.txt", b"Hello.")
    assert pickle.loads(pickle.dumps(extracted)) == extracted  # noqa: S301 - our own bytes


@pytest.mark.parametrize("refusal", list(Refusal))
def test_a_reason_is_one_sentence_that_says_what_to_do(refusal: Refusal) -> None:
    reason = REASONS[refusal]
    assert reason.startswith("The ")
    assert reason.endswith(".")
    assert ". " not in reason
    assert any(
        hint in reason for hint in ("upload", "save", "copy the text", "open it in the program")
    )
