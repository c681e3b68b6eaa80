"""One call to an OpenAI-compatible endpoint, and what its end means.

The client library builds the request and reads the answer; whether to call again is decided in
`model.py`, so its own retries are off. Optional fields that an endpoint refuses (the shape of the
answer, the temperature, the name of the limit) are left out from then on.
"""

import asyncio
import email.utils
import time
from dataclasses import dataclass
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import httpx2
import openai
from openai.types.chat import ChatCompletion

from huleedu_service_libs.clock import Clock
from services.cj_assessment_service.assessment import CannotAssess, JudgeIsDone
from services.cj_assessment_service.config import Settings
from services.cj_assessment_service.judges.prompt import TEMPERATURE

_MILLION = Decimal(1_000_000)
_OVERHEAD_TOKENS = 200
"""More than chat templates add to the messages, and the description of the answer's shape."""
_BUSY = frozenset({409, 425, 429, 500, 503, 529})
"""Answered without work: nothing is billed, and waiting helps."""
_LOST = frozenset({408, 502, 504, 520, 522, 524, 598, 599})
"""Something on the way gave up; the model may have answered, and be paid for."""
_SIGNS_OF = {
    "response_format": ("response_format", "json_schema", "json schema", "structured output"),
    "temperature": ("temperature",),
}
"""By which a refusal tells that it is of this field."""
_LONGEST_QUOTE = 300


@dataclass(frozen=True)
class Reply:
    """What came back; token counts are None if the endpoint gives none."""

    text: str | None
    refused: bool
    truncated: bool
    tokens_in: int | None
    tokens_out: int | None
    latency_seconds: float
    model: str


class NoReply(Exception):  # noqa: N818 - an end of a call, not a fault on our side
    """`reason` completes "the judge ..."."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotServed(NoReply):
    """Nothing was done and nothing is billed; waiting helps."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Lost(NoReply):
    """No answer came, and nobody knows whether there was one."""


class Refused(NoReply):
    """The endpoint will not answer this very request; nothing is billed."""


class Endpoint:
    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.model = settings.cj_model
        self._judge = settings.cj_model_judge
        self._url = settings.cj_model_base_url or ""
        self._timeout = settings.cj_model_timeout_seconds
        self._limit = settings.cj_model_max_output_tokens
        self._input_price = (settings.cj_model_input_price or Decimal(0)) / _MILLION
        self._output_price = (settings.cj_model_output_price or Decimal(0)) / _MILLION
        self._clock = clock
        self._client = openai.AsyncOpenAI(
            base_url=self._url,
            api_key=settings.cj_model_api_key.get_secret_value() or "none",
            max_retries=0,
            # A redirection would take the essays to where nobody has decided to send them.
            http_client=httpx2.AsyncClient(timeout=self._timeout, follow_redirects=False),
        )
        self._refused: set[str] = set()
        self._limit_name = "max_tokens"

    async def close(self) -> None:
        await self._client.close()

    def worst_cost(self, messages: list[dict[str, str]]) -> Decimal:
        """More than a call can cost: no token is shorter than a byte."""
        longest = sum(len(message["content"].encode()) for message in messages) + _OVERHEAD_TOKENS
        return longest * self._input_price + self._limit * self._output_price

    def cost(self, reply: Reply) -> Decimal | None:
        """What the call cost; None if the endpoint does not count tokens."""
        if reply.tokens_in is None or reply.tokens_out is None:
            return None
        return reply.tokens_in * self._input_price + reply.tokens_out * self._output_price

    async def ask(
        self, messages: list[dict[str, str]], shape: dict[str, Any], idempotency_key: str
    ) -> Reply:
        """Call once, or again at once without an optional field that was refused.

        Raises NotServed, Lost or Refused; CannotAssess where the settings are wrong, and
        JudgeIsDone if the account is empty.
        """
        while True:
            body = self._body(messages, shape)
            started = self._clock.monotonic()
            try:
                async with asyncio.timeout(self._timeout):  # a trickle of bytes is no answer
                    completion = await self._client.chat.completions.create(
                        **body, extra_headers={"Idempotency-Key": idempotency_key}
                    )
            except openai.APIStatusError as error:
                if not self._leave_out(error, body):
                    raise self._meaning(error) from error
            except (openai.APITimeoutError, TimeoutError) as error:
                raise self._too_late(error) from error
            except openai.APIConnectionError as error:
                if isinstance(error.__cause__, httpx2.ConnectError):
                    raise NotServed("could not be reached") from error
                raise Lost("broke the connection off") from error
            except (openai.APIError, ValueError) as error:
                raise Lost("sent something that is no chat completion") from error
            else:
                return _reply(completion, self._clock.monotonic() - started, self.model)

    def _body(self, messages: list[dict[str, str]], shape: dict[str, Any]) -> dict[str, Any]:
        optional = {"response_format": shape, "temperature": TEMPERATURE}
        kept = {name: value for name, value in optional.items() if name not in self._refused}
        return {
            "model": self.model,
            "messages": messages,
            self._limit_name: self._limit,
            **kept,
        }

    def _too_late(self, error: Exception) -> NoReply:
        if isinstance(error.__cause__, httpx2.ConnectTimeout | httpx2.PoolTimeout):
            return NotServed("could not be reached")
        return Lost(f"did not answer within {self._timeout:g} s")

    def _leave_out(self, error: openai.APIStatusError, body: dict[str, Any]) -> bool:
        """Whether the refusal is of an optional field that can be left out from now on."""
        if error.status_code not in {400, 422}:
            return False
        said = f"{error.message} {error.body}".lower()
        for field, signs in _SIGNS_OF.items():
            if field in body and any(sign in said for sign in signs):
                self._refused.add(field)
                return True
        if "max_tokens" in body and "max_completion_tokens" in said:
            self._limit_name = "max_completion_tokens"
            return True
        return False

    def _meaning(self, error: openai.APIStatusError) -> Exception:
        status, said = error.status_code, _shown(error)
        setting = "Ask whoever runs HuleEdu to check"
        if status in {401, 403}:
            return CannotAssess(
                "judge_refuses_us",
                f'The endpoint of the judge "{self._judge}" does not let us in ({status}). '
                f"{setting} CJ_MODEL_API_KEY.",
            )
        if status == HTTPStatus.NOT_FOUND or error.response.is_redirect:
            return CannotAssess(
                "judge_not_found",
                f'The endpoint of the judge "{self._judge}" knows no model "{self.model}" '
                f"({status}). {setting} CJ_MODEL and CJ_MODEL_BASE_URL.",
            )
        if status == HTTPStatus.PAYMENT_REQUIRED or error.code == "insufficient_quota":
            return JudgeIsDone(
                f'The account of the judge "{self._judge}" has no money left at its endpoint.'
            )
        if status in _BUSY:
            return NotServed(f"answered {status}{said}", _retry_after(error.response.headers))
        if status in _LOST or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Lost(f"answered {status}{said}")
        return Refused(f"refused the request ({status}){said}")


def _reply(completion: ChatCompletion, latency_seconds: float, model: str) -> Reply:
    """The first choice; an answer without one is an answer without a text."""
    choice = completion.choices[0] if completion.choices else None
    message = choice.message if choice else None
    usage = completion.usage
    return Reply(
        text=message.content if message else None,
        refused=bool(message and message.refusal)
        or bool(choice and choice.finish_reason == "content_filter"),
        truncated=bool(choice and choice.finish_reason == "length"),
        tokens_in=usage.prompt_tokens if usage else None,
        tokens_out=usage.completion_tokens if usage else None,
        latency_seconds=latency_seconds,
        model=completion.model or model,
    )


def _retry_after(headers: httpx2.Headers) -> float | None:
    """The header's seconds, or the seconds until its date by this machine's clock."""
    said = headers.get("Retry-After", "").strip()
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(said).timestamp() - time.time())
    except ValueError:
        return None


def _shown(error: openai.APIStatusError) -> str:
    said = error.body.get("message") if isinstance(error.body, dict) else error.body
    said = " ".join(str(said or "").split()).rstrip(".")
    return f": {said[:_LONGEST_QUOTE]}" if said else ""
