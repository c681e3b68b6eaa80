"""One attempt at several events, in one transaction.

Few commands for many events: one claim, one inbox insert, one flush, one outbox insert, one look at
the leases, one COMMIT, one confirmation. The handlers run one after the other, each as if it had
the transaction for itself. Whatever fails undoes all of it, and each event is then tried by itself,
so that only the one at fault is retried or becomes a dead letter.

Not everything takes part. An event that cannot be read, whose id has another payload, or that has
failed or taken its worker with it before, is left to an attempt of its own. So is what follows it,
or follows an event that another worker has, in the order of their key.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from huleedu_service_libs.consumer.assignment import LaneKey, lane_of
from huleedu_service_libs.consumer.processing import Delivery, Processor, apart, is_cancelled
from huleedu_service_libs.consumer.retry import History
from huleedu_service_libs.consumer.turns import Turns
from huleedu_service_libs.errors import CommitOutcomeUnknown, EventInProgress, LeasesUnavailable
from huleedu_service_libs.handled import Handled, Outcome
from huleedu_service_libs.idempotency.decorator import cancelled_when_lost
from huleedu_service_libs.idempotency.identity import Message
from huleedu_service_libs.idempotency.leases import Claim, Verdict
from huleedu_service_libs.instrumentation import handling, sharing_failed
from huleedu_service_libs.transaction import Transaction

_LONGEST_SECONDS = 5.0
"""A handler that waits longer, for a lock perhaps, must not hold up the others."""


@dataclass(slots=True, eq=False)
class _Member:
    message: Message
    delivery: Delivery | None
    """None: it is left to an attempt of its own."""
    outcome: Outcome | None = None
    error: Exception | None = None


class SharedTransactions:
    """Attempts at events whose handlers may share a transaction."""

    def __init__(self, processor: Processor, *, longest_seconds: float = _LONGEST_SECONDS) -> None:
        self._processor = processor
        self._leases = processor.leases
        self._longest_seconds = longest_seconds

    async def attempt(self, message: Message, history: History) -> Handled:
        """Try one event by itself."""
        return await self._processor.attempt(message, history)

    def may_share(self, message: Message) -> bool:
        return self._processor.may_share(message)

    async def attempt_together(self, messages: Sequence[Message]) -> list[Handled | None]:
        """Try them once; those of one key stand in their order.

        None for each that is to be tried by itself. Raises nothing but a cancellation.
        """
        started = self._processor.clock.monotonic()
        members = [_Member(message, self._decode(message)) for message in messages]
        _leave_second_deliveries(members)
        async with self._processor.company.together():
            await self._claim(members)
            await self._run(members)
        return [self._report(member, started) for member in members]

    def _decode(self, message: Message) -> Delivery | None:
        try:
            return self._processor.decode(message)
        except Exception:  # noqa: BLE001 - its own attempt meets it again and says what it is
            return None

    async def _claim(self, members: Sequence[_Member]) -> None:
        """Leave out or settle what is not to run."""
        deliveries = [delivery for _, delivery in _taking_part(members)]
        try:
            claims = await self._leases.claim_all([each.identity for each in deliveries])
        except LeasesUnavailable:
            return  # the inbox protects them
        for delivery, claim in zip(deliveries, claims, strict=True):
            delivery.claim = claim
        leases = [claim.lease for claim in claims if claim.lease]
        for member, delivery in _taking_part(members):
            if delivery.claim is not None:
                self._sort(member, delivery, delivery.claim)
        _leave_followers(members)
        kept = {delivery.lease for _, delivery in _taking_part(members)}
        await self._leases.release_all([each for each in leases if each not in kept], "unused")

    def _sort(self, member: _Member, delivery: Delivery, claim: Claim) -> None:
        if claim.verdict is Verdict.COMPLETED:
            member.outcome = Outcome.DUPLICATE
        elif claim.verdict is Verdict.HELD:
            member.outcome = Outcome.IN_PROGRESS
            member.error = EventInProgress(
                self._leases.config.key(delivery.identity.event_id),
                worker=claim.worker,
                retry_after_seconds=claim.retry_after_seconds,
            )
        elif claim.lease is None or claim.failures or claim.crashes:
            _leave([member])

    async def _run(self, members: Sequence[_Member]) -> None:
        """Handle what is to run; if that fails, leave it."""
        running = [member for member, _ in _taking_part(members) if member.outcome is None]
        running.sort(key=_order)
        deliveries = [delivery for _, delivery in _taking_part(running)]
        leases = [delivery.lease for delivery in deliveries if delivery.lease]
        if not running:
            return
        try:
            with cancelled_when_lost(*leases):
                outcomes = await self._transact(deliveries)
        except CommitOutcomeUnknown as error:
            for lease in leases:
                self._leases.keep(lease)
            _settle(running, [Outcome.RETRY] * len(running), error)
        except BaseException as error:
            await self._leases.release_all(leases, "unused")
            if is_cancelled():
                raise asyncio.CancelledError from error
            if not isinstance(error, Exception):
                raise
            sharing_failed(len(running), error)
            _leave(running)
        else:
            _settle(running, outcomes)
            await self._confirm(deliveries)

    async def _transact(self, deliveries: Sequence[Delivery]) -> list[Outcome]:
        async with asyncio.timeout(self._longest_seconds):
            async with self._processor.transaction(deliveries) as views:
                await apart(self._call_each(deliveries, views))
            return [Outcome.DUPLICATE if tx is None else Outcome.DONE for tx in views]

    async def _call_each(
        self, deliveries: Sequence[Delivery], views: Sequence[Transaction | None]
    ) -> None:
        turns: Turns | None = None
        for delivery, tx in zip(deliveries, views, strict=True):
            if tx is not None:
                turns = turns or Turns(tx.session)
                with handling(delivery.message, delivery.event):
                    await self._processor.call(delivery, tx)
                await turns.end()

    async def _confirm(self, deliveries: Sequence[Delivery]) -> None:
        await self._leases.confirm_all([each.lease for each in deliveries if each.lease])
        for delivery in deliveries:
            if delivery.lease is None:
                self._leases.committed_without(delivery.identity)

    def _report(self, member: _Member, started: float) -> Handled | None:
        if member.delivery is None or member.outcome is None:
            return None
        history = History(tries=1, first_try_at=started)
        pause = None if member.error is None else self._processor.pause(member.error, history)
        return self._processor.report(
            member.message,
            member.delivery,
            member.outcome,
            history,
            started,
            error=member.error,
            retry_after=pause,
        )


def _settle(
    members: Sequence[_Member], outcomes: Sequence[Outcome], error: Exception | None = None
) -> None:
    for member, outcome in zip(members, outcomes, strict=True):
        member.outcome, member.error = outcome, error


def _leave(members: Iterable[_Member]) -> None:
    for member in members:
        member.delivery = None


def _taking_part(members: Sequence[_Member]) -> Iterator[tuple[_Member, Delivery]]:
    return ((member, member.delivery) for member in members if member.delivery)


def _leave_second_deliveries(members: Sequence[_Member]) -> None:
    known = set()
    for member, delivery in _taking_part(members):
        if delivery.identity.event_id in known:
            _leave([member])
        known.add(delivery.identity.event_id)
    _leave_followers(members)


def _leave_followers(members: Sequence[_Member]) -> None:
    """Leave what follows an event of its key that will not be resolved."""
    ended: set[LaneKey] = set()
    for member in members:
        lane = lane_of(member.message)
        if lane in ended:
            _leave([member])
        elif member.delivery is None or member.outcome is Outcome.IN_PROGRESS:
            ended.add(lane)


def _order(member: _Member) -> tuple[bytes, str, int, int]:
    """By key: another worker with some of the same keys locks their rows in the same order."""
    message = member.message
    return message.key or b"", message.topic, message.partition, message.offset
