"""The content store, seen from the services that need an essay's text."""

import hashlib
from http import HTTPStatus
from typing import Protocol

import httpx

from common_core.http_models import StoredText
from common_core.identifiers import BatchId, TextId
from huleedu_service_libs.http import RefusedRequest, ServiceClient


def text_id_of(text: str) -> TextId:
    """Where the store keeps this text."""
    return TextId(hashlib.sha256(text.encode()).hexdigest())


class TextNotFound(Exception):  # noqa: N818 — it is an answer, not a failure
    """The store has no text of this id."""


class Texts(Protocol):
    async def get(self, text_id: TextId) -> str:
        """The text; raises TextNotFound, or TemporaryError while the store cannot be reached."""

    async def put(self, text: str, batch_id: BatchId) -> TextId:
        """Store a text for a batch, once however often it is put."""

    async def keep(self, text_id: TextId, batch_id: BatchId) -> None:
        """Have a stored text kept for this batch too, lest it go with another one.

        Raises TextNotFound if it has gone already.
        """


class HttpTexts:
    """`Texts` at content_service."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def get(self, text_id: TextId) -> str:
        response = await self._ask("GET", f"/v1/texts/{text_id}", text_id)
        return response.content.decode()

    async def keep(self, text_id: TextId, batch_id: BatchId) -> None:
        await self._ask("PUT", f"/v1/batches/{batch_id}/texts/{text_id}", text_id)

    async def _ask(self, method: str, path: str, text_id: TextId) -> httpx.Response:
        try:
            return await self._client.request(method, path)
        except RefusedRequest as error:
            if error.status == HTTPStatus.NOT_FOUND:
                raise TextNotFound(text_id) from error
            raise

    async def put(self, text: str, batch_id: BatchId) -> TextId:
        response = await self._client.request(
            "POST",
            f"/v1/batches/{batch_id}/texts",
            content=text.encode(),
            headers={"Content-Type": "text/plain; charset=utf-8"},
        )
        return StoredText.model_validate_json(response.content).text_id


class InMemoryTexts:
    """`Texts` for tests; passes the same suite as the content service."""

    def __init__(self) -> None:
        self._texts: dict[TextId, str] = {}
        self.kept_for: set[tuple[TextId, BatchId | None]] = set()

    async def get(self, text_id: TextId) -> str:
        try:
            return self._texts[text_id]
        except KeyError:
            raise TextNotFound(text_id) from None

    async def put(self, text: str, batch_id: BatchId | None = None) -> TextId:
        text_id = text_id_of(text)
        self._texts[text_id] = text
        self.kept_for.add((text_id, batch_id))
        return text_id

    def lose(self, text_id: TextId) -> None:
        """As if it had gone with the last batch that had it."""
        del self._texts[text_id]

    async def keep(self, text_id: TextId, batch_id: BatchId) -> None:
        await self.get(text_id)
        self.kept_for.add((text_id, batch_id))
