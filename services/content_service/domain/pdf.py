"""The text of a PDF, by pypdf, with limits far below its own."""

import io
import logging
from typing import Any

from pypdf import PageObject, PdfReader, apply_configuration
from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError

from services.content_service.domain.reflow import Line, reflow
from services.content_service.domain.refusals import Refusal, UnreadableFile, refuse

MAX_PAGES = 200
MAX_STREAM_BYTES = 16_000_000
MAX_OPERATIONS = 500_000
MAX_FORMS_A_PAGE = 200

# pypdf writes a warning for each oddity of each file; the outcome says enough.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def read(data: bytes, *, max_characters: int) -> str:
    """Return the text in paragraphs, empty if the pages hold none, or raise `UnreadableFile`."""
    try:
        with apply_configuration(
            maximum_declared_stream_length=len(data),
            array_based_stream_maximum_output_length=MAX_STREAM_BYTES,
            lzw_maximum_output_length=MAX_STREAM_BYTES,
            run_length_maximum_output_length=MAX_STREAM_BYTES,
            zlib_maximum_output_length=MAX_STREAM_BYTES,
            stream_parsing_work_maximum_count=MAX_OPERATIONS,
            stream_decoding_work_maximum_length=4 * MAX_STREAM_BYTES,
            page_tree_maximum_entries=10 * MAX_PAGES,
            xform_maximum_invocations_per_extraction=MAX_FORMS_A_PAGE,
        ):
            return reflow(_pages(data, max_characters))
    except (UnreadableFile, MemoryError):
        raise
    except (FileNotDecryptedError, DependencyError) as error:
        raise refuse(Refusal.PASSWORD_PROTECTED) from error
    except LimitReachedError as error:
        raise refuse(Refusal.UNPACKS_TOO_LARGE) from error
    except Exception as error:  # pypdf documents that broken files raise anything
        raise refuse(Refusal.DAMAGED_FILE) from error


def _pages(data: bytes, max_characters: int) -> list[list[Line]]:
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise refuse(Refusal.PASSWORD_PROTECTED)
    if len(reader.pages) > MAX_PAGES:
        raise refuse(Refusal.TEXT_TOO_LONG, limit=f"{max_characters:,}")
    pages: list[list[Line]] = []
    characters = 0
    for page in reader.pages:
        pages.append(_lines(page))
        characters += sum(len(line.text) for line in pages[-1])
        if characters > max_characters:
            raise refuse(Refusal.TEXT_TOO_LONG, limit=f"{max_characters:,}")
    return pages


def _lines(page: PageObject) -> list[Line]:
    lines: list[Line] = []
    pieces: list[str] = []
    where = (0.0, 0.0)

    def end_line() -> None:
        text = " ".join("".join(pieces).split())
        if text:
            lines.append(Line(text, *where))
        pieces.clear()

    def see(text: str, cm: list[float], tm: list[float], *_: Any) -> None:
        nonlocal where
        for number, piece in enumerate(text.split("\n")):
            if number:
                end_line()
            if piece.strip() and not "".join(pieces).strip():
                where = (
                    tm[4] * cm[0] + tm[5] * cm[2] + cm[4],
                    tm[4] * cm[1] + tm[5] * cm[3] + cm[5],
                )
            pieces.append(piece)

    page.extract_text(visitor_text=see)
    end_line()
    return lines
