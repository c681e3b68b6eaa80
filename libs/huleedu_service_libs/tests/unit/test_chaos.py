"""What a chaos run would notice, shown on worlds that are wrong in one way each."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest

from scripts.chaos.events import Draw, Kind, Record
from scripts.chaos.schedule import Fault, schedule
from scripts.chaos.verdict import Facts, violations
from scripts.chaos.watch import Heard, Letter, Line, Seen, Stored, emitted_by

Break = Callable[[Facts], Facts]


def world() -> Facts:
    """Everything has gone well: each kind of record came several times."""
    draw = Draw(seed=1, keys=4, poison=0.1)
    records = [record for _ in range(40) for record in draw.round(4)]
    heard, lines, letters = Heard(), [], []
    for record in records:
        log = heard.inputs[record.topic, 0]
        place = (record.topic, 0, len(log))
        log.append(Seen(len(log), record.kind, record.event_id))
        if record.kind is Kind.GOOD and record.event_id is not None:
            lines.append(Line(record.event_id, record.key.decode(), str(record.place)))
            heard.emitted[record.key.decode()].append(emitted_by(record.event_id))
        else:
            letters.append(Letter(record.event_id, place, "AlwaysFails", "it fails"))
            heard.announced.add(place)
    sent = {record.event_id: record for record in records if record.event_id is not None}
    return Facts(sent, frozenset(), heard, Stored(lines, letters))


def with_lines(facts: Facts, lines: list[Line]) -> Facts:
    return replace(facts, stored=replace(facts.stored, lines=lines))


def with_letters(facts: Facts, letters: list[Letter]) -> Facts:
    return replace(facts, stored=replace(facts.stored, letters=letters))


def lines_of(facts: Facts) -> list[Line]:
    return list(facts.stored.lines)


def good(facts: Facts) -> list[Record]:
    return [record for record in facts.sent.values() if record.kind is Kind.GOOD]


def lost(facts: Facts) -> Facts:
    return with_lines(facts, lines_of(facts)[1:])


def twice(facts: Facts) -> Facts:
    return with_lines(facts, [*lines_of(facts), lines_of(facts)[-1]])


def both(facts: Facts) -> Facts:
    event_id = good(facts)[0].event_id
    place = (good(facts)[0].topic, 0, 0)
    facts.heard.announced.add(place)
    crashed = Letter(event_id, place, "PermanentError", "its worker died 5 times")
    return with_letters(facts, [*facts.stored.letters, crashed])


def buried(facts: Facts) -> Facts:
    line = lines_of(facts)[0]
    place = (facts.sent[line.event_id].topic, 0, 0)
    facts.heard.announced.add(place)
    letters = [*facts.stored.letters, Letter(line.event_id, place, "ValueError", "no")]
    return with_letters(with_lines(facts, lines_of(facts)[1:]), letters)


def disordered(facts: Facts) -> Facts:
    return with_lines(facts, lines_of(facts)[::-1])


def poison_vanished(facts: Facts) -> Facts:
    return with_letters(facts, [letter for letter in facts.stored.letters if letter.event_id])


def unannounced(facts: Facts) -> Facts:
    facts.heard.announced.clear()
    return facts


def unsaid(facts: Facts) -> Facts:
    next(iter(facts.heard.emitted.values())).pop()
    return facts


def said_without_effect(facts: Facts) -> Facts:
    next(iter(facts.heard.emitted.values())).append(emitted_by(UUID(int=1)))
    return facts


def said_in_another_order(facts: Facts) -> Facts:
    next(iter(facts.heard.emitted.values())).reverse()
    return facts


def unsent(facts: Facts) -> Facts:
    return replace(facts, stored=replace(facts.stored, outbox=1))


def never_arrived(facts: Facts) -> Facts:
    next(iter(facts.heard.inputs.values())).pop(0)
    return facts


def test_a_world_in_order_has_no_violation() -> None:
    facts = world()
    assert {seen.kind for log in facts.heard.inputs.values() for seen in log} == set(Kind) - {
        Kind.KILLS
    }
    assert violations(facts) == []


@pytest.mark.parametrize(
    ("breaks", "words"),
    [
        (lost, "stands 0 times in the ledger and 0 times"),
        (twice, "stands 2 times in the ledger"),
        (both, "stands 1 times in the ledger and 1 times"),
        (buried, "is a dead letter: ValueError"),
        (disordered, "took effect after"),
        (poison_vanished, "stands 0 times in the dead letters"),
        (unannounced, "is not on its topic"),
        (unsaid, "are not on their topic"),
        (said_without_effect, "without their effect"),
        (said_in_another_order, "in another order"),
        (unsent, "left in the outbox"),
        (never_arrived, "is not on its topic"),
    ],
)
def test_what_is_wrong_is_noticed(breaks: Break, words: str) -> None:
    assert any(words in violation for violation in violations(breaks(world())))


def test_a_copy_in_another_partition_may_come_out_of_order() -> None:
    facts = world()
    *before, last = lines_of(facts)
    moved = with_lines(facts, [last, *before])
    assert violations(moved)
    assert violations(replace(moved, astray=frozenset({last.event_id}))) == []


def test_a_seed_has_the_same_faults_at_the_same_times_and_a_minute_has_all() -> None:
    assert schedule(7, 60, tuple(Fault)) == schedule(7, 60, tuple(Fault))
    assert schedule(7, 60, tuple(Fault)) != schedule(8, 60, tuple(Fault))
    for seed in range(20):
        assert {planned.fault for planned in schedule(seed, 60, tuple(Fault))} >= set(Fault) - {
            Fault.DEADLY
        }
