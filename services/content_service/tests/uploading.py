"""What a client sends, and what the service says to it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from quart import Quart

BOUNDARY = "----a-line-between-the-files"


def multipart(*files: tuple[str, bytes]) -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n".encode()
        + data
        + b"\r\n"
        for name, data in files
    ]
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, Any]

    @property
    def outcomes(self) -> list[tuple[str, str, str | None]]:
        return [(file["file"], file["status"], file["code"]) for file in self.body["files"]]


async def send(app: Quart, batch_id: UUID, body: bytes, **headers: str) -> Answer:
    response = await app.test_client().post(
        f"/v1/batches/{batch_id}/essays",
        data=body,
        headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", **headers},
    )
    return Answer(response.status_code, await response.get_json(force=True))


async def upload(app: Quart, batch_id: UUID, *files: tuple[str, bytes]) -> Answer:
    return await send(app, batch_id, multipart(*files))
