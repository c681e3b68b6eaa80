from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from common_core.events.cj_events import CjWaveRequestedV1
from common_core.events.envelope import EventEnvelope, derive_event_id, envelop, headers
from common_core.identifiers import BatchId, RunId

CAUSE = UUID("2e5e7df2-9ab0-4b4f-8d1b-3f5f2f8f0a11")


def wave(number: int = 1) -> CjWaveRequestedV1:
    return CjWaveRequestedV1(batch_id=BatchId(CAUSE), run_id=RunId(CAUSE), wave=number)


def test_the_same_cause_gives_the_same_event_id() -> None:
    assert derive_event_id(CAUSE, "A") == derive_event_id(CAUSE, "A")


def test_type_discriminator_and_cause_each_change_the_event_id() -> None:
    ids = {
        derive_event_id(CAUSE, "A"),
        derive_event_id(CAUSE, "B"),
        derive_event_id(CAUSE, "A", "1"),
        derive_event_id(CAUSE, "A", "2"),
        derive_event_id(uuid4(), "A"),
    }
    assert len(ids) == 5


def test_headers_repeat_the_ids_of_the_body() -> None:
    envelope = envelop(wave(), event_id=CAUSE, source_service="cj", correlation_id=uuid4())
    assert dict(headers(envelope)) == {
        "event_id": str(CAUSE).encode(),
        "event_type": b"CjWaveRequestedV1",
        "correlation_id": str(envelope.correlation_id).encode(),
        "source_service": b"cj",
        "schema_version": b"1",
    }


def test_an_envelope_survives_the_wire() -> None:
    sent = envelop(wave(7), event_id=CAUSE, source_service="cj", correlation_id=uuid4())
    received = EventEnvelope[CjWaveRequestedV1].model_validate_json(sent.model_dump_json())
    assert received.model_dump() == sent.model_dump()
    assert received.data.wave == 7


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValidationError):
        envelop(
            wave(),
            event_id=CAUSE,
            source_service="cj",
            correlation_id=CAUSE,
            timestamp=datetime(2026, 1, 1),  # noqa: DTZ001 — that is what is tested
        )
    now = datetime.now(UTC)
    kept = envelop(wave(), event_id=CAUSE, source_service="cj", correlation_id=CAUSE, timestamp=now)
    assert kept.event_timestamp == now
