"""ZIP packages and the XML in them, opened with suspicion: .docx and .odt are both."""

import io
import zipfile
import zlib
from typing import IO
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from services.content_service.domain.refusals import Refusal, refuse

MAX_ENTRIES = 2_000
MAX_UNPACKED_BYTES = 300_000_000
MAX_PART_BYTES = 32_000_000
MAX_PART_RATIO = 250
MAX_ELEMENTS = 1_000_000
MAX_DEPTH = 150

_RATIO_MATTERS_FROM_BYTES = 2_000_000
_ENTRY_SIGNATURE = b"PK\x01\x02"
_ENCRYPTED = 0x1


class Package:
    """The named parts of a ZIP file.

    Nothing is unpacked but the part asked for, and never more than `MAX_PART_BYTES` of it, whatever
    sizes the file declares.
    """

    def __init__(self, data: bytes) -> None:
        # Counted before zipfile builds an object for each.
        if data.count(_ENTRY_SIGNATURE) > MAX_ENTRIES:
            raise refuse(Refusal.UNPACKS_TOO_LARGE)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError) as error:
            raise refuse(Refusal.DAMAGED_FILE) from error
        if sum(entry.file_size for entry in self._zip.infolist()) > MAX_UNPACKED_BYTES:
            raise refuse(Refusal.UNPACKS_TOO_LARGE)

    def __contains__(self, name: str) -> bool:
        return name in self._zip.NameToInfo

    def names(self) -> list[str]:
        return self._zip.namelist()

    def read(self, name: str) -> bytes:
        """Unpack a part that is there."""
        entry = self._zip.NameToInfo[name]
        if entry.flag_bits & _ENCRYPTED:
            raise refuse(Refusal.PASSWORD_PROTECTED)
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise refuse(Refusal.DAMAGED_FILE)
        try:
            with self._zip.open(entry) as part:
                return _read_bounded(part, max(1, entry.compress_size))
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            ValueError,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise refuse(Refusal.DAMAGED_FILE) from error

    def xml(self, name: str) -> Element:
        """Parse an XML part; a missing part is a damaged file."""
        if name not in self:
            raise refuse(Refusal.DAMAGED_FILE)
        return parse(self.read(name))


def _read_bounded(part: IO[bytes], packed_bytes: int) -> bytes:
    content = part.read(MAX_PART_BYTES + 1)
    ratio = len(content) / packed_bytes
    if len(content) > MAX_PART_BYTES or (
        len(content) > _RATIO_MATTERS_FROM_BYTES and ratio > MAX_PART_RATIO
    ):
        raise refuse(Refusal.UNPACKS_TOO_LARGE)
    return content


def parse(xml: bytes) -> Element:
    """Return the root element.

    Document types, and with them entities, are not allowed: neither format has them. Raises
    `UnreadableFile`, also for nesting or a number of elements no essay has.
    """
    root: Element | None = None
    depth = elements = 0
    try:
        for event, element in iterparse(io.BytesIO(xml), events=("start", "end"), forbid_dtd=True):
            if event == "end":
                depth -= 1
                continue
            root = element if root is None else root
            depth += 1
            elements += 1
            if depth > MAX_DEPTH or elements > MAX_ELEMENTS:
                raise refuse(Refusal.UNPACKS_TOO_LARGE)
    except DefusedXmlException as error:
        raise refuse(Refusal.UNPACKS_TOO_LARGE) from error
    except (ParseError, ValueError, LookupError) as error:
        raise refuse(Refusal.DAMAGED_FILE) from error
    if root is None:
        raise refuse(Refusal.DAMAGED_FILE)
    return root
