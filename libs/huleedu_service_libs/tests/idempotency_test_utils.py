"""The conformance kit under the name that suites look for; it is shipped with the library."""

from huleedu_service_libs.testing.clock import FakeClock
from huleedu_service_libs.testing.confirmation import AsyncConfirmationTestHelper
from huleedu_service_libs.testing.fake_redis import FakeRedis
from huleedu_service_libs.testing.harness import Record, ServiceHarness, Worker
from huleedu_service_libs.testing.idempotency_suite import (
    Checkpoint,
    EventCase,
    IdempotencySuite,
    Situation,
    deletion_case,
)
from huleedu_service_libs.testing.messages import StoredMessage, envelope_of, message_of

__all__ = [
    "AsyncConfirmationTestHelper",
    "Checkpoint",
    "EventCase",
    "FakeClock",
    "FakeRedis",
    "IdempotencySuite",
    "Record",
    "ServiceHarness",
    "Situation",
    "StoredMessage",
    "Worker",
    "deletion_case",
    "envelope_of",
    "message_of",
]
