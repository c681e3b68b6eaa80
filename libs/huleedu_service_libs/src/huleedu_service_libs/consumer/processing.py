"""One attempt at one event: decode, claim, transaction, confirm.

It knows nothing of Kafka's loop or of time to wait. `Processor.process` is the inner part as a
handler of the public decorator sees it: everything but the lease.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Self
from uuid import UUID

from dishka import AsyncContainer
from pydantic import ValidationError

from common_core.events.envelope import EventData, EventEnvelope
from huleedu_service_libs.clock import Clock, SystemClock
from huleedu_service_libs.consumer.company import Company
from huleedu_service_libs.consumer.retry import History, RetryPolicy, pause_after
from huleedu_service_libs.dead_letters import DeadLetters
from huleedu_service_libs.deletion import batch_of
from huleedu_service_libs.errors import (
    EventInProgress,
    MustBeAlone,
    PayloadConflict,
    PermanentError,
    PoisonMessage,
    UnconfirmedEvent,
    counts,
)
from huleedu_service_libs.handled import Handled, Outcome
from huleedu_service_libs.idempotency.decorator import Confirm, current_claim, under_lease
from huleedu_service_libs.idempotency.identity import (
    Identity,
    Message,
    agreed_id,
    canonical,
    fingerprint,
    header,
    identify,
)
from huleedu_service_libs.idempotency.leases import Claim, Lease, Leases, Verdict
from huleedu_service_libs.instrumentation import handling
from huleedu_service_libs.routing import Mode, Route, Router, Work, dependencies_of
from huleedu_service_libs.transaction import Transaction, Transactions


@dataclass(slots=True)
class Delivery:
    """A message that is an event, and the claim under which it is handled."""

    message: Message
    route: Route
    event: EventEnvelope[EventData]
    identity: Identity
    claim: Claim | None = None

    @property
    def correlation_id(self) -> UUID:
        return self.event.correlation_id

    @property
    def lease(self) -> Lease | None:
        return self.claim.lease if self.claim else None


class _TakenEffect(BaseException):
    """Ends a handler whose event has taken effect before.

    No `except Exception` of the handler may stop it.
    """


class _Work:
    """The transaction of a `router.work` handler, opened by the handler when it is ready."""

    def __init__(self, processor: "Processor", delivery: Delivery) -> None:
        self.outcome: Outcome | None = None
        self._processor = processor
        self._delivery = delivery

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        if self.outcome is not None:
            raise RuntimeError("the transaction of this event is over")
        async with self._processor.transaction([self._delivery]) as (tx,):
            if tx is None:
                self.outcome = Outcome.DUPLICATE
                raise _TakenEffect
            yield tx
        self.outcome = Outcome.DONE


class Processor:
    """The engine for one event at a time."""

    def __init__(
        self,
        router: Router,
        *,
        dependencies: Mapping[str, Mapping[str, Any]],
        leases: Leases,
        transactions: Transactions,
        retry: RetryPolicy,
        clock: Clock | None = None,
    ) -> None:
        self.leases = leases
        self.dead_letters = DeadLetters(transactions.engine, leases.config.consumer_name)
        self._router = router
        self._dependencies = dependencies
        self._transactions = transactions
        self._retry = retry
        self.clock = clock or SystemClock()
        self.company = Company()

    @classmethod
    async def create(
        cls,
        router: Router,
        container: AsyncContainer,
        *,
        leases: Leases,
        transactions: Transactions,
        retry: RetryPolicy,
        clock: Clock | None = None,
    ) -> Self:
        """With the handlers' dependencies fetched from the application's container."""
        dependencies = {
            route.event_type.topic: await dependencies_of(route, container) for route in router
        }
        return cls(
            router,
            dependencies=dependencies,
            leases=leases,
            transactions=transactions,
            retry=retry,
            clock=clock,
        )

    async def attempt(self, message: Message, history: History) -> Handled:
        """Try once. Raises nothing but a cancellation: what went wrong stands in the answer."""
        started = self.clock.monotonic()
        history.tries += 1
        if history.first_try_at is None:
            history.first_try_at = started
        delivery: Delivery | None = None
        error: Exception | None = None
        retry_after: float | None = None
        try:
            delivery = self.decode(message)
            outcome = await self._handle(delivery)
        except Exception as caught:
            if is_cancelled():  # and what was cleaned up has failed
                raise asyncio.CancelledError from caught
            error = caught
            outcome, retry_after = await self._after(message, delivery, caught, history)
        if is_cancelled():
            raise asyncio.CancelledError
        return self.report(
            message, delivery, outcome, history, started, error=error, retry_after=retry_after
        )

    def report(
        self,
        message: Message,
        delivery: Delivery | None,
        outcome: Outcome,
        history: History,
        started: float,
        *,
        error: Exception | None = None,
        retry_after: float | None = None,
    ) -> Handled:
        """What came of an attempt that began at `started` by the clock."""
        claim = delivery.claim if delivery else None
        return Handled(
            outcome=outcome,
            topic=message.topic,
            partition=message.partition,
            offset=message.offset,
            event_type=self._router[message.topic].event_type.name,
            event_id=delivery.identity.event_id if delivery else None,
            correlation_id=delivery.correlation_id if delivery else None,
            attempt=history.tries,
            seconds=self.clock.monotonic() - started,
            error=error,
            retry_after=retry_after,
            lease_wait=history.lease_wait(started, held=outcome is Outcome.IN_PROGRESS),
            recovered=claim is not None and claim.verdict is Verdict.RECOVERED,
            degraded=delivery is not None and self.leases.degraded,
        )

    def may_share(self, message: Message) -> bool:
        """Whether its handler's transaction may be shared with other events."""
        return self._router[message.topic].mode is Mode.TRANSACTION

    async def process(self, message: Message, /, *, confirm_idempotency: Confirm) -> bool:
        """Decode, transaction and confirmation: what `idempotent_consumer` goes around."""
        await self._run(self.decode(message), message, confirm_idempotency=confirm_idempotency)
        return True

    def decode(self, message: Message) -> Delivery:
        """The event in the message; PoisonMessage if there is none."""
        route = self._router[message.topic]
        if message.value is None:
            raise PoisonMessage("the message has no body")
        event = _parse(route, message, message.value)
        event_id = event.event_id
        header_id = header(message, "event_id")
        if header_id is not None and header_id != str(event_id):
            event_id = agreed_id(canonical(header_id, "headers"), event_id)
        for found in (event.event_type, header(message, "event_type") or event.event_type):
            if found != route.event_type.name:
                raise PoisonMessage(f"{found!r} on the topic of {route.event_type.name}")
        identity = Identity(
            event_id, event.event_type, fingerprint(message.value), batch_of(event.data)
        )
        return Delivery(message, route, event, identity)

    @asynccontextmanager
    async def transaction(
        self, deliveries: Sequence[Delivery]
    ) -> AsyncIterator[list[Transaction | None]]:
        """The transaction of the events' effects, its commit refused if a lease has gone."""
        leases = [delivery.lease for delivery in deliveries if delivery.lease is not None]
        consumer = self.leases.config.consumer_name
        gate = partial(self.leases.ensure_held, *leases)
        async with self._transactions.for_events(consumer, deliveries, gate) as views:
            yield views

    async def _handle(self, delivery: Delivery) -> Outcome:
        """In its company before it has its lease: to wait with one would look like trying."""
        with handling(delivery.message, delivery.event):
            try:
                async with self.company.together():
                    return await self._under_lease(delivery, alone=False)
            except MustBeAlone:
                async with self.company.alone():
                    return await self._under_lease(delivery, alone=True)

    async def _under_lease(self, delivery: Delivery, *, alone: bool) -> Outcome:
        run = partial(self._run, delivery, alone=alone)
        outcome = await under_lease(self.leases, delivery.identity, delivery.message, run)
        return outcome or Outcome.DUPLICATE

    async def _run(
        self,
        delivery: Delivery,
        _message: Message,
        /,
        *,
        confirm_idempotency: Confirm,
        alone: bool = True,
    ) -> Outcome:
        delivery.claim = current_claim.get()
        crashes = delivery.claim.crashes if delivery.claim else 0
        if crashes >= self._retry.max_crashes:
            raise PermanentError(f"its worker died {crashes} times while handling it")
        if crashes >= self._retry.crashes_in_company and not alone:
            raise MustBeAlone
        outcome = await self._call(delivery)
        await confirm_idempotency()
        return outcome

    async def _call(self, delivery: Delivery) -> Outcome:
        route = delivery.route
        if route.mode is Mode.TRANSACTION:
            async with self.transaction([delivery]) as (tx,):
                if tx is None:
                    return Outcome.DUPLICATE
                await apart(self.call(delivery, tx))
            return Outcome.DONE
        work = _Work(self, delivery)
        try:
            await apart(self.call(delivery, work))
        except _TakenEffect:
            return Outcome.DUPLICATE
        if work.outcome is None:
            raise UnconfirmedEvent(
                f"{route.handler.__qualname__} returned without opening its transaction"
            )
        return work.outcome

    def call(self, delivery: Delivery, given: Transaction | Work) -> Awaitable[None]:
        """The event's handler with what it asked for."""
        route = delivery.route
        return route.handler(delivery.event, given, **self._dependencies[route.event_type.topic])

    async def _after(
        self,
        message: Message,
        delivery: Delivery | None,
        error: Exception,
        history: History,
    ) -> tuple[Outcome, float | None]:
        if isinstance(error, EventInProgress):
            return Outcome.IN_PROGRESS, self.pause(error, history)
        if counts(error):
            before = delivery.claim.failures if delivery and delivery.claim else 0
            history.failures = max(history.failures, before) + 1
        pause = self.pause(error, history)
        if pause is not None:
            return Outcome.RETRY, pause
        try:
            return await self._bury(message, delivery, error, history), None
        except Exception as failure:  # noqa: BLE001 - the offset may not pass before it is durable
            return Outcome.RETRY, self.pause(failure, history) or self._retry.longest_pause

    def pause(self, error: BaseException, history: History) -> float | None:
        """Seconds until the next attempt after that error; None if there is none."""
        return pause_after(error, history, now=self.clock.monotonic(), policy=self._retry)

    async def _bury(
        self, message: Message, delivery: Delivery | None, error: Exception, history: History
    ) -> Outcome:
        identity = delivery.identity if delivery else _identity_if_any(message)
        event_type = self._router[message.topic].event_type.name
        try:
            buried = await self.dead_letters.bury(
                message, identity, error, event_type=event_type, attempts=history.tries
            )
        except PayloadConflict as conflict:
            buried = await self.dead_letters.bury(
                message, identity, conflict, event_type=event_type, attempts=history.tries
            )
        if delivery is not None:
            await self.leases.forget_attempts(delivery.identity)
        return Outcome.DEAD_LETTERED if buried else Outcome.DUPLICATE


async def apart(handling: Awaitable[None]) -> None:
    """Run the handler in a task of its own, which is cancelled with ours.

    Before Python 3.13 a task in which a TaskGroup has failed goes on counting as cancelled; in ours
    it would look as if the attempt had been.
    """
    await asyncio.ensure_future(handling)


def is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _parse(route: Route, message: Message, value: bytes) -> EventEnvelope[EventData]:
    try:
        return route.envelope.validate_json(value)
    except ValidationError as error:
        if any(problem["loc"] == ("event_id",) for problem in error.errors()):
            completed = _with_id_of_headers(message, value)
            if completed is not None:
                return _parse(route, message, completed)
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        raise PoisonMessage(f"no {route.event_type.name}: {problems}") from error


def _with_id_of_headers(message: Message, value: bytes) -> bytes | None:
    """The body completed by the event id that only its headers have.

    None if that is not what it lacks.
    """
    event_id = header(message, "event_id")
    try:
        body = json.loads(value)
    except ValueError:
        return None
    if event_id is None or not isinstance(body, dict) or "event_id" in body:
        return None
    return json.dumps({**body, "event_id": event_id}).encode()


def _identity_if_any(message: Message) -> Identity | None:
    """Of a message that is no event of its topic but has an id.

    It must not be handled under that id later.
    """
    try:
        return identify(message)
    except PoisonMessage:
        return None
