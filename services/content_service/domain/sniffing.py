"""What a file is, by its content; the ending of its name is only a claim."""

from enum import Enum, auto

from services.content_service.domain import open_document, word_document
from services.content_service.domain.package import Package
from services.content_service.domain.refusals import Refusal, UnreadableFile, refuse

_PDF_MARK_WITHIN = 1_024
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ODT = b"application/vnd.oasis.opendocument.text"

_PICTURES = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"II*\x00",
    b"MM\x00*",
    b"8BPS\x00\x01",
    b"\x00\x00\x01\x00",
)
_HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif"}


class Kind(Enum):
    TEXT = auto()
    PDF = auto()
    ZIP = auto()


def sniff(data: bytes) -> Kind:
    """Tell the kind of a file that is not empty.

    Raises `UnreadableFile` for kinds known by their first bytes that hold no text for us; whether
    `Kind.TEXT` is text shows when it is decoded.
    """
    if data.startswith(b"%PDF-") or b"\n%PDF-1." in data[:_PDF_MARK_WITHIN]:
        return Kind.PDF
    if data.startswith(_ZIP):
        return Kind.ZIP
    if data.startswith(_OLE):
        raise _ole(data)
    if data.startswith(b"{\\rtf"):
        raise refuse(Refusal.UNSUPPORTED_KIND, kind="a rich text (RTF) file")
    if _is_picture(data):
        raise refuse(Refusal.PICTURE)
    beginning = data[:_PDF_MARK_WITHIN].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if beginning.startswith((b"<!doctype html", b"<html")):
        raise refuse(Refusal.UNSUPPORTED_KIND, kind="a web page")
    if beginning.startswith(b"<svg") or (beginning.startswith(b"<?xml") and b"<svg" in beginning):
        raise refuse(Refusal.PICTURE)
    if beginning.startswith(b"<?xml"):
        raise refuse(Refusal.UNSUPPORTED_KIND, kind="an XML file")
    return Kind.TEXT


def read_zip(data: bytes, ending: str) -> str:
    """Read the .docx or .odt file that the ZIP file is; `ending` is what its name claims."""
    package = Package(data)
    if "mimetype" in package:
        mimetype = package.read("mimetype").strip()
        if mimetype in (_ODT, _ODT + b"-template"):
            return open_document.read(package)
    document = word_document.main_part(package)
    if document is not None and not document.startswith(("xl/", "ppt/")):
        return word_document.read(package, document)
    raise _foreign_zip(package, document, ending)


def _foreign_zip(package: Package, document: str | None, ending: str) -> UnreadableFile:
    names = package.names()
    if any(name.startswith("Index/") and name.endswith(".iwa") for name in names) or (
        "index.xml" in names or "Index.zip" in names
    ):
        return refuse(Refusal.UNSUPPORTED_KIND, kind="an Apple Pages file")
    if document is not None:
        what = "an Excel workbook" if document.startswith("xl/") else "a PowerPoint presentation"
        return refuse(Refusal.UNSUPPORTED_KIND, kind=what)
    if "mimetype" in names:
        return refuse(Refusal.UNSUPPORTED_KIND, kind="an OpenDocument file or e-book without essay")
    if ending in (".docx", ".odt", ".pdf"):
        return refuse(Refusal.NOT_WHAT_IT_SAYS, ending=ending)
    return refuse(Refusal.UNSUPPORTED_KIND, kind="a ZIP archive")


def _ole(data: bytes) -> UnreadableFile:
    """OLE containers hold old Office files, and new ones that are encrypted."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        return refuse(Refusal.PASSWORD_PROTECTED)
    if "WordDocument".encode("utf-16-le") in data:
        return refuse(Refusal.OLD_WORD)
    return refuse(Refusal.UNSUPPORTED_KIND, kind="an old Office file")


def _is_picture(data: bytes) -> bool:
    return (
        data.startswith(_PICTURES)
        or (data.startswith(b"BM") and data[6:10] == bytes(4))
        or (data.startswith(b"RIFF") and data[8:12] == b"WEBP")
        or (data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS)
    )
