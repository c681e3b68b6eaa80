"""Whether all that was promised has been kept. Pure: from what was seen to what is wrong with it.

Copies that went to another partition than their event are left out where order is looked at: order
is promised for the records of a key in a partition, and such a copy is in another one.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from scripts.chaos.events import Kind, Record
from scripts.chaos.watch import Heard, Place, Stored, emitted_by


@dataclass(frozen=True)
class Facts:
    sent: Mapping[UUID, Record]
    astray: frozenset[UUID]
    heard: Heard
    stored: Stored

    def kind(self, event_id: UUID) -> Kind | None:
        return self.sent[event_id].kind if event_id in self.sent else None

    def described(self, event_id: UUID) -> str:
        record = self.sent.get(event_id)
        if record is None:
            return f"{event_id}, which nobody has sent,"
        return f"{event_id} ({record.kind}, number {record.place} of {record.key.decode()[:8]})"


def each_event_once(facts: Facts) -> Iterator[str]:
    lines = Counter(line.event_id for line in facts.stored.lines)
    letters = Counter(letter.buries for letter in facts.stored.letters if letter.buries)
    arrived = {
        seen.event_id for log in facts.heard.inputs.values() for seen in log if seen.event_id
    }
    for event_id in facts.sent.keys() - arrived:
        yield f"{facts.described(event_id)} was acknowledged but is not on its topic"
    for event_id in arrived | lines.keys() | letters.keys():
        found = lines[event_id], letters[event_id]
        if found not in ((1, 0), (0, 1)):
            yield (
                f"{facts.described(event_id)} stands {found[0]} times in the ledger and"
                f" {found[1]} times in the dead letters"
            )


def what_fails_and_nothing_else_is_a_dead_letter(facts: Facts) -> Iterator[str]:
    for letter in facts.stored.letters:
        if letter.buries and facts.kind(letter.buries) is Kind.GOOD and not letter.is_of_crashes:
            what = facts.described(letter.buries)
            yield f"{what} is a dead letter: {letter.error} {letter.reason}"
    for line in facts.stored.lines:
        if facts.kind(line.event_id) is not Kind.GOOD:
            yield f"{facts.described(line.event_id)} has had an effect"


def each_unreadable_record_once(facts: Facts) -> Iterator[str]:
    letters = Counter(letter.place for letter in facts.stored.letters if not letter.buries)
    for (topic, partition), log in facts.heard.inputs.items():
        for seen in log:
            place: Place = (topic, partition, seen.offset)
            found = letters.pop(place, 0)
            if found != (seen.event_id is None):
                yield f"{place}, {seen.kind}, stands {found} times in the dead letters"
    for place in letters:
        yield f"{place} is a dead letter, but nothing was sent there"


def dead_letters_are_announced(facts: Facts) -> Iterator[str]:
    for letter in facts.stored.letters:
        if letter.place not in facts.heard.announced:
            yield f"the dead letter of {letter.place} is not on its topic"


def order_per_key(facts: Facts) -> Iterator[str]:
    last: dict[str, int] = defaultdict(lambda: -1)
    for line in facts.stored.lines:
        if line.event_id in facts.astray:
            continue
        place = int(line.text.split()[0])
        if place < last[line.key]:
            yield f"number {place} of {line.key[:8]} took effect after number {last[line.key]}"
        last[line.key] = place


def what_was_emitted(facts: Facts) -> Iterator[str]:
    """Once or more for each line, none without, first occurrences per key in their order."""
    expected: dict[str, list[UUID]] = defaultdict(list)
    for line in facts.stored.lines:
        expected[line.key].append(emitted_by(line.event_id))
    astray = {emitted_by(event_id) for event_id in facts.astray}
    for key in expected.keys() | facts.heard.emitted.keys():
        heard = list(dict.fromkeys(facts.heard.emitted.get(key, [])))
        missing, surplus = set(expected[key]) - set(heard), set(heard) - set(expected[key])
        if missing:
            yield f"{len(missing)} events that {key[:8]} emitted are not on their topic"
        if surplus:
            yield f"{len(surplus)} events of {key[:8]} are on their topic without their effect"
        in_ledger = [id_ for id_ in expected[key] if id_ not in astray | missing]
        on_topic = [id_ for id_ in heard if id_ not in astray | surplus]
        if not missing and not surplus and in_ledger != on_topic:
            yield f"the events that {key[:8]} emitted are on their topic in another order"


def nothing_waits(facts: Facts) -> Iterator[str]:
    if facts.stored.outbox:
        yield f"{facts.stored.outbox} rows are left in the outbox"


CHECKS: tuple[Callable[[Facts], Iterator[str]], ...] = (
    each_event_once,
    what_fails_and_nothing_else_is_a_dead_letter,
    each_unreadable_record_once,
    dead_letters_are_announced,
    order_per_key,
    what_was_emitted,
    nothing_waits,
)


def of_crashes(facts: Facts) -> int:
    """Good events that became dead letters since their workers died too often."""
    buried = [letter.buries for letter in facts.stored.letters if letter.is_of_crashes]
    return sum(event_id is not None and facts.kind(event_id) is Kind.GOOD for event_id in buried)


def violations(facts: Facts) -> list[str]:
    return [violation for check in CHECKS for violation in check(facts)]
