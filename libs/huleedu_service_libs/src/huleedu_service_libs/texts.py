"""The content store, seen from the services that need an essay's text."""

import hashlib
from http import HTTPStatus
from typing import Protocol

from common_core.http_models import StoredText
from common_core.identifiers import TextId
from huleedu_service_libs.http import RefusedRequest, ServiceClient


def text_id_of(text: str) -> TextId:
    """Where the store keeps this text."""
    return TextId(hashlib.sha256(text.encode()).hexdigest())


class TextNotFound(Exception):  # noqa: N818 — it is an answer, not a failure
    """The store has no text of this id."""


class Texts(Protocol):
    async def get(self, text_id: TextId) -> str:
        """The text; raises TextNotFound, or TemporaryError while the store cannot be reached."""

    async def put(self, text: str) -> TextId:
        """Store a text, once however often it is put."""


class HttpTexts:
    """`Texts` at content_service."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def get(self, text_id: TextId) -> str:
        try:
            response = await self._client.request("GET", f"/v1/texts/{text_id}")
        except RefusedRequest as error:
            if error.status == HTTPStatus.NOT_FOUND:
                raise TextNotFound(text_id) from error
            raise
        return response.content.decode()

    async def put(self, text: str) -> TextId:
        response = await self._client.request(
            "POST",
            "/v1/texts",
            content=text.encode(),
            headers={"Content-Type": "text/plain; charset=utf-8"},
        )
        return StoredText.model_validate_json(response.content).text_id


class InMemoryTexts:
    """`Texts` for tests; passes the same suite as the content service."""

    def __init__(self) -> None:
        self._texts: dict[TextId, str] = {}

    async def get(self, text_id: TextId) -> str:
        try:
            return self._texts[text_id]
        except KeyError:
            raise TextNotFound(text_id) from None

    async def put(self, text: str) -> TextId:
        text_id = text_id_of(text)
        self._texts[text_id] = text
        return text_id
