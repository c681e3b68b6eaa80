"""Events that were committed together with their cause and wait for the relay."""

import json
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg
from pydantic_core import to_json
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    LargeBinary,
    Table,
    Text,
    Uuid,
    func,
)

from huleedu_service_libs.schema import messaging

outbox = Table(
    "outbox",
    messaging,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("event_id", Uuid, nullable=True),
    Column("topic", Text, nullable=False),
    Column("key", LargeBinary, nullable=True),
    Column("headers", LargeBinary, nullable=False),
    Column("payload", LargeBinary, nullable=True),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)


class OutgoingRecord(NamedTuple):
    """What the relay will produce, byte for byte."""

    topic: str
    key: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    payload: bytes | None
    event_id: UUID | None = None


_INSERT = (
    "WITH locked AS MATERIALIZED ("
    "  SELECT pg_advisory_xact_lock(hashtextextended(lock_key, 0))"
    "  FROM unnest($1::text[]) AS lock_key)"
    " INSERT INTO outbox (event_id, topic, key, headers, payload)"
    " SELECT event_id, topic, key, headers, payload"
    " FROM (SELECT count(*) FROM locked) AS all_locked,"
    " unnest($2::uuid[], $3::text[], $4::bytea[], $5::bytea[], $6::bytea[])"
    " WITH ORDINALITY AS new (event_id, topic, key, headers, payload, position)"
    " ORDER BY position"
)


async def append(connection: asyncpg.Connection, records: Sequence[OutgoingRecord]) -> None:
    """Write the rows as the last statement before the commit.

    It first takes a lock per key, in sorted order, held until the commit: ids are given under it,
    so that the order of ids is the order of commits for each key.
    """
    if not records:
        return
    await connection.execute(
        _INSERT,
        sorted({_lock_key(record) for record in records}),
        [record.event_id for record in records],
        [record.topic for record in records],
        [record.key for record in records],
        [pack_headers(record.headers) for record in records],
        [record.payload for record in records],
    )


def _lock_key(record: OutgoingRecord) -> str:
    return f"{record.topic}:{'' if record.key is None else record.key.hex()}"


def pack_headers(headers: Sequence[tuple[str, bytes]]) -> bytes:
    """Headers as bytes that come back the same, whatever their values are."""
    return to_json([(name, value.decode("latin-1")) for name, value in headers])


def unpack_headers(packed: bytes) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, value.encode("latin-1")) for name, value in json.loads(packed))
