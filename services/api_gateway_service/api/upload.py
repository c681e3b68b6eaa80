"""A multipart upload, looked at while it passes through: nothing of it is kept."""

from collections.abc import AsyncIterator
from hashlib import sha256
from http import HTTPStatus
from typing import cast

from quart import Request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from common_core.http_models import MAX_ESSAYS
from huleedu_service_libs.http import Problem
from services.api_gateway_service.api.front_door import PacedBody

PART_NAME = "files"


class Upload:
    """Iterate over it to pass the body on; the fingerprint is right when the iteration is over.

    The iteration raises Problem: 413 for a file too large even to look at (the content store
    refuses smaller ones one by one), 422 for a body that is no upload of files.
    """

    def __init__(self, request: Request, max_file_bytes: int) -> None:
        kind, options = parse_options_header(request.headers.get("Content-Type"))
        boundary = options.get("boundary", "")
        if kind != "multipart/form-data" or not boundary:
            raise _unprocessable(
                "not_multipart", "Send the files as multipart/form-data, in parts named “files”."
            )
        self.content_type = request.headers["Content-Type"]
        self._body = request.body
        self._decoder = MultipartDecoder(boundary.encode(), max_parts=MAX_ESSAYS)
        self._max_file_bytes = max_file_bytes
        self._digest = sha256()
        self._passed = False
        self._files = 0
        self._file_name = ""
        self._file_bytes = 0

    @property
    def fingerprint(self) -> str:
        """Of names and contents, whatever stands between them."""
        return self._digest.hexdigest()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._passed:
            return
        async for chunk in self._body:
            try:
                self._look_at(chunk)
            except Problem:
                await cast("PacedBody", self._body).drain()
                raise
            yield chunk
        self._look_at(None)
        self._passed = True

    async def drain(self) -> None:
        """Read what was not read yet without passing it on."""
        async for _ in self:
            pass

    def _look_at(self, chunk: bytes | None) -> None:
        try:
            self._decoder.receive_data(chunk)
            while not isinstance(event := self._decoder.next_event(), NeedData):
                match event:
                    case File():
                        self._begin(event)
                    case Field():
                        raise _unprocessable(
                            "unexpected_part", f"A part named “{event.name}” is no file to assess."
                        )
                    case Data():
                        self._count(event.data)
                    case Epilogue():
                        self._end()
                        return
        except RequestEntityTooLarge as error:
            raise _unprocessable(
                "too_many_files", f"One upload may have {MAX_ESSAYS} files at most."
            ) from error
        except ValueError as error:
            raise _unprocessable(
                "malformed_multipart", "The upload ends in the middle of a file, or is garbled."
            ) from error

    def _begin(self, part: File) -> None:
        if part.name != PART_NAME:
            raise _unprocessable(
                "unexpected_part", f"The files belong in parts named “files”, not “{part.name}”."
            )
        self._files += 1
        self._file_name, self._file_bytes = part.filename, 0
        self._digest.update(b"\0file\0" + part.filename.encode(errors="replace") + b"\0")

    def _count(self, data: bytes) -> None:
        self._file_bytes += len(data)
        self._digest.update(data)
        if self._file_bytes > self._max_file_bytes:
            most = f"{self._max_file_bytes / 1_000_000:.3g}"
            raise Problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "file_too_large",
                f"“{self._file_name}” is larger than {most} MB, the most for one file.",
                file=self._file_name,
            )

    def _end(self) -> None:
        if self._files == 0:
            raise _unprocessable("no_files", "The upload has no files.")


def _unprocessable(code: str, detail: str) -> Problem:
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, code, detail)
