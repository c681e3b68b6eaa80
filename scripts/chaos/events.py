"""What is sent, drawn from the seed; and what has to become of it."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from common_core.events.envelope import envelop, headers
from common_core.topics import event_type_of
from libs.huleedu_service_libs.tests.ledger_service import excess, rejection

Header = tuple[str, bytes]
KIND = "chaos_kind"
"""The header that says what a record is, also of one that nobody can read."""


class Kind(StrEnum):
    GOOD = "good"
    FAILS = "its handler always fails"
    KILLS = "its handler kills its process"
    UNREADABLE = "unreadable"
    NO_ID = "without an id"
    TWO_IDS = "with two ids"
    CONFLICT = "a known id with another payload"

    @property
    def has_identity(self) -> bool:
        """Whether it counts once by its id, rather than each record by itself."""
        return self in (Kind.GOOD, Kind.FAILS, Kind.KILLS)


@dataclass(frozen=True)
class Record:
    topic: str
    key: bytes
    value: bytes
    headers: tuple[Header, ...]
    kind: Kind
    event_id: UUID | None
    place: int
    """Among the events of its key; -1 for what is no event."""


@dataclass
class Draw:
    """Events of many keys, half of them for each kind of handler; a share is slow or poison."""

    seed: int
    keys: int = 32
    slow: float = 0.01
    poison: float = 0.006
    """The share of each kind of poison but the deadly one, which is asked for."""
    places: dict[UUID, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = random.Random(f"events {self.seed}")  # noqa: S311 - to be repeated
        self._keys = [self._uuid() for _ in range(self.keys)]

    def round(self, size: int, *, deadly: bool = False) -> list[Record]:
        """At most one event of a key, and what follows it in its lane."""
        chosen = self._random.sample(range(self.keys), min(size, self.keys))
        records: list[Record] = []
        for number in chosen:
            records += self._events(number, deadly=deadly)
            deadly = False
        return records

    def _events(self, number: int, *, deadly: bool) -> Iterator[Record]:
        kind = Kind.KILLS if deadly else self._kind()
        good = self._event(number, kind if kind.has_identity else Kind.GOOD)
        yield good
        if not kind.has_identity:
            yield self._spoiled(good, kind)

    def _kind(self) -> Kind:
        spoilt = [kind for kind in Kind if kind not in (Kind.GOOD, Kind.KILLS)]
        drawn = self._random.random()
        return spoilt[int(drawn / self.poison)] if drawn < self.poison * len(spoilt) else Kind.GOOD

    def _event(self, number: int, kind: Kind) -> Record:
        key = self._keys[number]
        place = self.places[key] = self.places.get(key, -1) + 1
        words = {Kind.FAILS: " fails", Kind.KILLS: " kills"}
        text = f"{place}{words.get(kind, '')}"
        if kind is Kind.GOOD and self._random.random() < self.slow:
            text += f" slow {self._random.uniform(0.5, 4):.1f}"
        data = (rejection if number % 2 else excess)(key, text)
        event_id = self._uuid()
        event = envelop(
            data, event_id=event_id, source_service="chaos", correlation_id=self._uuid()
        )
        return Record(
            topic=event_type_of(type(data)).topic,
            key=str(key).encode(),
            value=event.model_dump_json().encode(),
            headers=(*headers(event), _kind_header(kind)),
            kind=kind,
            event_id=event_id,
            place=place,
        )

    def _spoiled(self, good: Record, kind: Kind) -> Record:
        """No event: as good as the other one but for what its kind says."""
        body = json.loads(good.value)
        body["event_id"] = str(self._uuid())
        named = [header for header in good.headers if header[0] not in ("event_id", KIND)]
        if kind is Kind.UNREADABLE:
            value = self._random.randbytes(40)
        elif kind is Kind.NO_ID:
            del body["event_id"]
            value = json.dumps(body).encode()
        elif kind is Kind.TWO_IDS:
            named.append(("event_id", str(self._uuid()).encode()))
            value = json.dumps(body).encode()
        else:
            body["event_id"] = str(good.event_id)
            body["data"]["file_name"] = "another.pdf"
            value = json.dumps(body).encode()
        spoiled = (*named, _kind_header(kind))
        return Record(good.topic, good.key, value, spoiled, kind, None, -1)

    def _uuid(self) -> UUID:
        return UUID(int=self._random.getrandbits(128), version=4)


def _kind_header(kind: Kind) -> Header:
    return KIND, kind.name.encode()
