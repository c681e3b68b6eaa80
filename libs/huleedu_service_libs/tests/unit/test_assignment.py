"""Which events are tried together, and what follows from how that went."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from huleedu_service_libs.consumer.assignment import Assignment, Limits
from huleedu_service_libs.consumer.retry import History
from huleedu_service_libs.handled import Handled, Outcome
from huleedu_service_libs.idempotency.identity import Message
from huleedu_service_libs.testing.clock import FakeClock, settle
from huleedu_service_libs.testing.messages import StoredMessage

TOPIC = "events"


def handled(message: Message, outcome: Outcome = Outcome.DONE) -> Handled:
    return Handled(
        outcome, TOPIC, 0, message.offset, "Event", uuid4(), uuid4(), 1, 0.0, retry_after=5.0
    )


@dataclass
class Attempts:
    """Takes note of who is tried with whom."""

    shares: bool = True
    answer: Callable[[Message], Outcome | None] = lambda _: Outcome.DONE
    seconds: float = 0.0
    clock: FakeClock = field(default_factory=FakeClock)
    tried: list[list[int]] = field(default_factory=list)

    async def attempt(self, message: Message, history: History) -> Handled:
        self.tried.append([message.offset])
        return handled(message)

    def may_share(self, message: Message) -> bool:
        return self.shares

    async def attempt_together(self, messages: Sequence[Message]) -> list[Handled | None]:
        self.tried.append([message.offset for message in messages])
        self.clock.jump(self.seconds)
        await asyncio.sleep(0)
        outcomes = [self.answer(message) for message in messages]
        return [
            None if outcome is None else handled(message, outcome)
            for message, outcome in zip(messages, outcomes, strict=True)
        ]


@dataclass
class Bench:
    attempts: Attempts
    assignment: Assignment
    seen: list[Handled]

    def read(self, *keys: str, size: int = 10) -> None:
        """Records of one poll with those keys, at the next offsets."""
        at = self._next
        self.assignment.accept(
            [
                StoredMessage(TOPIC, 0, at + number, key.encode(), b"x" * size, ())
                for number, key in enumerate(keys)
            ]
        )
        self._next += len(keys)

    _next: int = 0


def make(attempts: Attempts | None = None, **limits: float) -> Bench:
    attempts = attempts or Attempts()
    seen: list[Handled] = []
    assignment = Assignment(
        [(TOPIC, 0)],
        attempts,
        limits=Limits(**limits),  # type: ignore[arg-type]  # numbers all
        observe=seen.append,
        clock=attempts.clock,
    )
    return Bench(attempts, assignment, seen)


async def test_what_is_ready_is_tried_together_and_one_alone_at_once_by_itself() -> None:
    bench = make()
    bench.read(*"abcab")
    await settle()
    assert bench.attempts.tried == [[0, 3, 1, 4, 2]]
    bench.read("a")
    await settle()
    assert bench.attempts.tried[1:] == [[5]]
    assert bench.assignment.to_commit() == {(TOPIC, 0): 6}


async def test_i24_a_shared_transaction_is_bounded_in_records_and_in_bytes() -> None:
    bench = make(shared_records=4)
    bench.read(*map(str, range(10)))
    await settle()
    assert [len(tried) for tried in bench.attempts.tried] == [4, 4, 2]

    bench = make(shared_bytes=35)
    bench.read(*map(str, range(10)), size=10)
    bench.read("large", size=1000)
    await settle()
    assert [len(tried) for tried in bench.attempts.tried] == [3, 3, 3, 1, 1]
    assert bench.assignment.pending == 0


async def test_nothing_is_shared_where_the_bound_is_one_or_the_handler_does_not_share() -> None:
    for bench in (make(shared_records=1), make(Attempts(shares=False))):
        bench.read(*"abc")
        await settle()
        assert bench.attempts.tried == [[0], [1], [2]]


async def test_what_has_failed_together_is_tried_by_itself_and_what_comes_later_shares() -> None:
    bench = make(Attempts(answer=lambda message: None if message.offset < 3 else Outcome.DONE))
    bench.read(*"aab")
    await settle()
    assert sorted(bench.attempts.tried) == [[0], [0, 1, 2], [1], [2]]
    bench.read(*"ab")
    await settle()
    assert bench.attempts.tried[-1] == [3, 4]
    assert len(bench.seen) == 5
    assert bench.assignment.pending == 0


async def test_i23_i30_what_is_not_resolved_holds_its_key_and_no_other() -> None:
    held = Attempts(
        answer=lambda message: Outcome.IN_PROGRESS if message.offset == 0 else Outcome.DONE
    )
    bench = make(held)
    bench.read(*"aab")
    await settle()
    assert bench.assignment.blocked_lanes == 1
    assert bench.attempts.tried == [[0, 1, 2]]
    assert bench.assignment.to_commit() == {}
    assert bench.assignment.pending == 2
    await bench.attempts.clock.advance(4.9)
    assert len(bench.attempts.tried) == 1
    await bench.attempts.clock.advance(0.1)
    assert bench.attempts.tried[1:] == [[0], [1]]
    assert bench.assignment.blocked_lanes == 0
    assert bench.assignment.pending == 0


async def test_slow_shared_transactions_become_smaller_and_quick_ones_larger_again() -> None:
    attempts = Attempts(seconds=1.0)
    bench = make(attempts, shared_records=8, shared_transactions=1)
    bench.read(*map(str, range(14)))
    await settle()
    assert [len(tried) for tried in attempts.tried] == [8, 4, 2]
    attempts.seconds, attempts.tried = 0.0, []
    bench.read(*map(str, range(14)))
    await settle()
    assert [len(tried) for tried in attempts.tried] == [2, 4, 8]


async def test_i25_draining_takes_nothing_more() -> None:
    bench = make(shared_records=2, shared_transactions=1)
    bench.read(*"abcd")
    await asyncio.sleep(0)
    await bench.assignment.drain(1.0)
    assert bench.attempts.tried == [[0, 1]]
    assert bench.assignment.to_commit() == {(TOPIC, 0): 2}
