"""Which event some bytes are."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from huleedu_service_libs.errors import PoisonMessage


class Message(Protocol):
    """What is used of a Kafka record; aiokafka's ConsumerRecord is one."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class Identity(NamedTuple):
    event_id: UUID
    event_type: str
    fingerprint: str
    """SHA-256 of the value, hexadecimal."""
    batch_id: UUID | None = None
    """The batch that it has effects on, where that is known."""


def fingerprint(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()


def header(message: Message, name: str) -> str | None:
    """The first header of that name; PoisonMessage if it is no UTF-8."""
    for key, value in message.headers:
        if key == name:
            try:
                return value.decode()
            except UnicodeDecodeError as error:
                raise PoisonMessage(f"header {name} is not UTF-8") from error
    return None


def canonical(text: object, where: str) -> UUID:
    try:
        return UUID(str(text))
    except ValueError as error:
        raise PoisonMessage(f"the event id in the {where} is no UUID: {text!r}") from error


def agreed_id(header_id: UUID | None, body_id: UUID | None) -> UUID:
    """The id that header and body agree on; PoisonMessage if there is none or they differ."""
    if header_id is not None and body_id is not None and header_id != body_id:
        raise PoisonMessage(f"the header says event id {header_id}, the body {body_id}")
    found = header_id or body_id
    if found is None:
        raise PoisonMessage("no event id, neither in the headers nor in the body")
    return found


def identify(message: Message) -> Identity:
    """The identity of a message whose body is a JSON object; PoisonMessage if it has none."""
    if message.value is None:
        raise PoisonMessage("the message has no body")
    body = _body(message.value)
    header_id = header(message, "event_id")
    body_id = body.get("event_id")
    event_id = agreed_id(
        None if header_id is None else canonical(header_id, "headers"),
        None if body_id is None else canonical(body_id, "body"),
    )
    event_type = header(message, "event_type") or str(body.get("event_type", ""))
    return Identity(event_id, event_type, fingerprint(message.value))


def _body(value: bytes) -> dict[str, Any]:
    try:
        body = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise PoisonMessage(f"the body is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise PoisonMessage("the body is no JSON object")
    return body
