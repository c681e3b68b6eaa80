"""A chat endpoint under the test's control: what it was asked, what it was paid for, what it says.

    async with ChatServer(answer) as server:
        ...                                      # CJ_MODEL_BASE_URL=server.url
        assert server.asked[0].first == "..."

`answer` is given what was asked and returns what to send; it may wait, as for `for_ever`. Like
a gateway that honours the Idempotency-Key, the server computes and bills an answer once: whoever
repeats a key gets the stored answer. With `honours_keys=False` it bills each time.
"""

import asyncio
import json
import re
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self

from hypercorn.asyncio import serve
from hypercorn.config import Config
from quart import Quart, Response, request

from common_core.identifiers import TextId
from huleedu_service_libs.texts import text_id_of

TOKENS_IN = 1000
TOKENS_OUT = 50
_PATIENCE_SECONDS = 30.0

_ESSAY = r'<{name} id="(?P<fence>[0-9a-f]+)">\n(?P<text>.*)\n</{name} id="(?P=fence)">'


@dataclass(frozen=True)
class Asked:
    """A request as it arrived; `repeat` counts the earlier ones with its key."""

    key: str
    repeat: int
    body: dict[str, Any]
    headers: Mapping[str, str]

    @property
    def user(self) -> str:
        return str(self.body["messages"][-1]["content"])

    @property
    def system(self) -> str:
        return str(self.body["messages"][0]["content"])

    @property
    def first(self) -> str:
        return self.between("first_essay")["text"]

    @property
    def second(self) -> str:
        return self.between("second_essay")["text"]

    def between(self, name: str) -> re.Match[str]:
        """The only pair of tags of that name, with what stands between."""
        pattern = re.compile(_ESSAY.format(name=name), re.DOTALL)
        [match] = pattern.finditer(self.user)
        return match


@dataclass(frozen=True)
class Said:
    """What the server sends. `billed` answers are kept under their key and sent again."""

    content: str | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    usage: bool = True
    finish_reason: str = "stop"

    @property
    def billed(self) -> bool:
        return self.status == 200

    def response(self) -> Response:
        if self.status != 200:
            body: dict[str, Any] = {"error": {"message": self.error, **self.extra}}
        else:
            body = {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1,
                "model": "test-model-2026",
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": self.finish_reason,
                        "message": {"role": "assistant", "content": self.content, **self.extra},
                    }
                ],
            }
            if self.usage:
                body["usage"] = {
                    "prompt_tokens": TOKENS_IN,
                    "completion_tokens": TOKENS_OUT,
                    "total_tokens": TOKENS_IN + TOKENS_OUT,
                }
        return Response(
            json.dumps(body),
            status=self.status,
            headers=dict(self.headers),
            mimetype="application/json",
        )


def verdict(winner: Literal["first", "second"], degree: str = "clearly") -> Said:
    return Said(json.dumps({"reason": "It says more.", "winner": winner, "degree": degree}))


async def for_ever() -> Said:
    """Hold the request until the client gives it up."""
    await asyncio.Event().wait()
    raise AssertionError


Answer = Callable[[Asked], Awaitable[Said]]


class ChatServer:
    def __init__(self, answer: Answer, *, honours_keys: bool = True) -> None:
        self.answer = answer
        self.honours_keys = honours_keys
        self.asked: list[Asked] = []
        self.bills: Counter[str] = Counter()
        """How often an answer was computed, by key."""
        self.url = ""
        self._kept: dict[str, Said] = {}
        self._texts: dict[TextId, str] = {}
        self._received: Counter[str] = Counter()
        self._stop = asyncio.Event()
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        app = Quart(__name__)
        app.post("/v1/chat/completions")(self._complete)
        app.get("/texts/v1/texts/<text_id>")(self._text)
        listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        config = Config()
        config.bind = [f"fd://{listening.detach()}"]
        config.graceful_timeout = 1
        self._serving = asyncio.create_task(serve(app, config, shutdown_trigger=self._stop.wait))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        await self._serving

    def serve_texts(self, texts: Iterable[str]) -> str:
        """Be the content store for these texts; its base URL."""
        self._texts.update({text_id_of(text): text for text in texts})
        return self.url.removesuffix("/v1") + "/texts"

    async def _text(self, text_id: TextId) -> Response:
        return Response(self._texts[text_id], mimetype="text/plain")

    async def until_asked(self, times: int) -> None:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while len(self.asked) < times:
                await self._changed.wait()

    async def _complete(self) -> Response:
        key = request.headers.get("Idempotency-Key", "")
        asked = Asked(key, self._received[key], await request.get_json(), dict(request.headers))
        self._received[key] += 1
        self.asked.append(asked)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        if key not in self._kept or not self.honours_keys:
            said = await self.answer(asked)
            if not said.billed:
                return said.response()
            self._kept[key] = said
            self.bills[key] += 1
        return self._kept[key].response()
