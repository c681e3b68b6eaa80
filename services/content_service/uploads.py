"""Multipart uploads of any size in bounded memory: what is kept of them lies in one file on disk.

Quart parses forms too, but counts only what is waiting in its buffer, so that a body sent in chunks
has no limit, and refuses a whole upload where only one of its files is too large.
"""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import IO

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Event, MultipartDecoder, NeedData
from werkzeug.sansio.multipart import File as FilePart

from common_core.http_models import MAX_ESSAYS
from huleedu_service_libs.http import Problem
from services.content_service.domain.file_names import label

_FEED_BYTES = 65_536
_HEADER_BYTES = 8 * _FEED_BYTES
_DRAINED_UPLOADS = 5
_SPARE_PARTS = 20


@dataclass
class ReceivedFile:
    """`size` bytes at `offset` of the spool; a file over the limit is kept one byte beyond it."""

    name: str
    offset: int
    size: int = 0
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    @property
    def hash(self) -> str:
        """SHA-256 of the whole file, in hexadecimal, kept or not."""
        return self.digest.hexdigest()


class Spool:
    """One upload, kept in the file given to it."""

    def __init__(self, kept: IO[bytes], *, max_upload_bytes: int, max_file_bytes: int) -> None:
        self._max_upload_bytes = max_upload_bytes
        self._max_file_bytes = max_file_bytes
        self._kept = kept
        self._end = 0
        self._files: list[ReceivedFile] = []
        self._current: ReceivedFile | None = None

    async def receive(self, content_type: str, body: AsyncIterator[bytes]) -> list[ReceivedFile]:
        """Return the files in the order sent. Raises `Problem` 400, 413, 415 or 422."""
        decoder = MultipartDecoder(
            _boundary(content_type), _HEADER_BYTES, max_parts=MAX_ESSAYS + _SPARE_PARTS
        )
        async for chunk in self._limited(body):
            for start in range(0, len(chunk), _FEED_BYTES):
                self._feed(decoder, chunk[start : start + _FEED_BYTES])
        self._feed(decoder, None)
        if not self._files:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "no_files", "The upload holds no files.")
        return self._files

    def read(self, file: ReceivedFile) -> bytes:
        self._kept.seek(file.offset)
        return self._kept.read(file.size)

    async def _limited(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Pass on what is within the limit.

        What is beyond it is still taken in, within reason: a client that is answered while it sends
        sees a broken connection and not the answer.
        """
        received = 0
        async for chunk in body:
            received += len(chunk)
            if received <= self._max_upload_bytes:
                yield chunk
            elif received > _DRAINED_UPLOADS * self._max_upload_bytes:
                break
        if received > self._max_upload_bytes:
            megabytes = f"{self._max_upload_bytes / 1_000_000:.3g}"
            raise Problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "upload_too_large",
                f"The files are larger than {megabytes} MB together; upload them in several steps.",
            )

    def _feed(self, decoder: MultipartDecoder, piece: bytes | None) -> None:
        """Take in a piece of the body; None is its end."""
        try:
            decoder.receive_data(piece)
            while not isinstance(event := decoder.next_event(), NeedData | Epilogue):
                self._take(event)
        except RequestEntityTooLarge as error:
            raise Problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "too_many_files",
                f"The upload holds more than {MAX_ESSAYS} files, or much beside them; "
                "upload them in several steps.",
            ) from error
        except ValueError as error:
            raise Problem(
                HTTPStatus.BAD_REQUEST,
                "malformed_upload",
                "The upload was cut off or is not well-formed multipart/form-data; send it again.",
            ) from error

    def _take(self, event: Event) -> None:
        if isinstance(event, FilePart):
            self._current = ReceivedFile(label(event.filename or ""), self._end)
            self._files.append(self._current)
        elif not isinstance(event, Data):
            self._current = None
        elif self._current is not None:
            self._keep(self._current, event.data)

    def _keep(self, file: ReceivedFile, data: bytes) -> None:
        file.digest.update(data)
        kept = data[: self._max_file_bytes + 1 - file.size]
        self._kept.seek(self._end)
        self._kept.write(kept)
        file.size += len(kept)
        self._end += len(kept)


def _boundary(content_type: str) -> bytes:
    mimetype, options = parse_options_header(content_type)
    boundary = options.get("boundary", "")
    if mimetype != "multipart/form-data" or not boundary:
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "not_multipart",
            "Files are uploaded as multipart/form-data.",
        )
    return boundary.encode()
