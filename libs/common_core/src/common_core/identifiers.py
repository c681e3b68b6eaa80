"""The ids that travel together, each with a type of its own."""

from typing import NewType
from uuid import UUID

BatchId = NewType("BatchId", UUID)
RunId = NewType("RunId", UUID)
"""One execution of a pipeline for a batch; a batch may have several."""
EssayId = NewType("EssayId", UUID)
TextId = NewType("TextId", str)
"""Lower-case hexadecimal SHA-256 of a text's UTF-8 bytes: where the content store keeps it."""
EventId = NewType("EventId", UUID)
CorrelationId = NewType("CorrelationId", UUID)
