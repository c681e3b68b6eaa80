"""One file in, its text out, or the reason why not."""

import re
from dataclasses import dataclass

from services.content_service.domain.plain import decode
from services.content_service.domain.refusals import Refusal, refuse
from services.content_service.domain.sniffing import Kind, read_zip, sniff
from services.content_service.domain.wording import has_words, normalise

_ENDING = re.compile(r"\.[A-Za-z0-9]{1,9}$")
_TEXT_ENDINGS = {"", ".txt", ".text", ".md", ".markdown"}
_READABLE_ENDINGS = {".docx", ".odt", ".pdf"}


@dataclass(frozen=True)
class Limits:
    file_bytes: int = 20_000_000
    text_characters: int = 200_000


@dataclass(frozen=True)
class Extracted:
    """`text` is in the form that `wording.normalise` describes, and holds at least one word."""

    text: str


DEFAULT_LIMITS = Limits()


def extract(file_name: str, data: bytes, limits: Limits = DEFAULT_LIMITS) -> Extracted:
    """Read the text of a .txt, .md, .docx, .odt or .pdf file.

    The content decides what the file is: a Word document named .txt is read as one, and a text
    named .docx is refused. Raises `UnreadableFile` and nothing else, but MemoryError where the
    process may have too little.
    """
    if not data:
        raise refuse(Refusal.EMPTY_FILE)
    if len(data) > limits.file_bytes:
        raise refuse(Refusal.FILE_TOO_LARGE, limit=f"{limits.file_bytes / 1_000_000:.3g} MB")
    kind = sniff(data)
    text = normalise(_read(kind, data, _ending(file_name), limits))
    if len(text) > limits.text_characters:
        raise refuse(Refusal.TEXT_TOO_LONG, limit=f"{limits.text_characters:,}")
    if not has_words(text):
        raise refuse(Refusal.SCANNED_PDF if kind is Kind.PDF else Refusal.NO_TEXT)
    return Extracted(text)


def _read(kind: Kind, data: bytes, ending: str, limits: Limits) -> str:
    match kind:
        case Kind.PDF:
            # Half of a worker's memory and start-up time would be spent on this import.
            from services.content_service.domain import pdf  # noqa: PLC0415

            return pdf.read(data, max_characters=limits.text_characters)
        case Kind.ZIP:
            return read_zip(data, ending)
        case Kind.TEXT:
            if ending in _READABLE_ENDINGS:
                raise refuse(Refusal.NOT_WHAT_IT_SAYS, ending=ending)
            text = decode(data, max_characters=limits.text_characters)
            if ending not in _TEXT_ENDINGS:
                raise refuse(Refusal.UNSUPPORTED_KIND, kind=f"a {ending} file")
            return text


def _ending(file_name: str) -> str:
    found = _ENDING.search(file_name)
    return found.group().lower() if found else ""
