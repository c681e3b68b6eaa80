"""Texts fetched many at a time. A text never changes, so the latest are kept at hand."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable

from common_core.identifiers import TextId
from huleedu_service_libs.texts import Texts

AT_A_TIME = 8
KEPT_CHARACTERS = 8_000_000


class TextShelf:
    def __init__(self, texts: Texts, kept_characters: int = KEPT_CHARACTERS) -> None:
        self._texts = texts
        self._kept: OrderedDict[TextId, str] = OrderedDict()
        self._characters = 0
        self._most = kept_characters
        self._fetching = asyncio.Semaphore(AT_A_TIME)

    async def fetch(self, text_ids: Iterable[TextId]) -> dict[TextId, str]:
        """Raises what `Texts.get` does."""
        wanted = list(dict.fromkeys(text_ids))
        texts = await asyncio.gather(*map(self._get, wanted))
        return dict(zip(wanted, texts, strict=True))

    def clear(self) -> None:
        """Nothing at hand any more, until it is fetched again."""
        self._kept.clear()
        self._characters = 0

    async def _get(self, text_id: TextId) -> str:
        if text_id in self._kept:
            self._kept.move_to_end(text_id)
            return self._kept[text_id]
        async with self._fetching:
            text = await self._texts.get(text_id)
        self._keep(text_id, text)
        return text

    def _keep(self, text_id: TextId, text: str) -> None:
        if text_id not in self._kept:
            self._kept[text_id] = text
            self._characters += len(text)
        while self._characters > self._most:
            _, oldest = self._kept.popitem(last=False)
            self._characters -= len(oldest)
