"""claim -> run -> confirm | release, around any handler of one message."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, Protocol, TypeVar

import redis.asyncio

from huleedu_service_libs.errors import (
    CommitOutcomeUnknown,
    EventInProgress,
    LeaseLost,
    LeasesUnavailable,
    PayloadConflict,
    UnconfirmedEvent,
    counts,
)
from huleedu_service_libs.idempotency.config import IdempotencyConfig
from huleedu_service_libs.idempotency.identity import Identity, Message, identify
from huleedu_service_libs.idempotency.leases import Claim, Lease, Leases, Verdict

Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)
Message_contra = TypeVar("Message_contra", bound=Message, contravariant=True)

current_claim: ContextVar[Claim | None] = ContextVar("current_claim", default=None)
"""The claim under which the running handler works; None without a lease, as when Redis is down."""


class Confirm(Protocol):
    def __call__(self) -> Awaitable[None]: ...


class ConfirmingHandler(Protocol[Message_contra, Result_co]):
    def __call__(
        self, msg: Message_contra, /, *, confirm_idempotency: Confirm
    ) -> Awaitable[Result_co]: ...


def idempotent_consumer(
    *,
    redis_client: "redis.asyncio.Redis",
    config: IdempotencyConfig,
    side_effects_only: bool = False,
    leases: Leases | None = None,
) -> Callable[
    [ConfirmingHandler[Any, Result]], Callable[[Message], Coroutine[Any, Any, Result | None]]
]:
    """Run the handler for each event once, as far as Redis can tell.

    What Redis cannot tell, the handler's inbox must. The wrapper returns the handler's result, or
    None if the event is completed already. It raises `EventInProgress` while another worker has the
    event, `PoisonMessage` or `PayloadConflict` for what must go to the dead letters,
    `UnconfirmedEvent` if the handler returned without confirming, and the handler's own exception
    after one call.

    `side_effects_only`: no inbox protects the effects, so that the handler waits for Redis
    (`LeasesUnavailable`) instead of going on without it.
    """
    own = leases or Leases(redis_client, config)

    def decorate(
        handler: ConfirmingHandler[Any, Result],
    ) -> Callable[[Message], Coroutine[Any, Any, Result | None]]:
        @wraps(handler)
        async def wrapper(message: Message) -> Result | None:
            return await under_lease(
                own, identify(message), message, handler, side_effects_only=side_effects_only
            )

        return wrapper

    return decorate


async def under_lease(
    leases: Leases,
    identity: Identity,
    message: Message,
    handler: ConfirmingHandler[Any, Result],
    *,
    side_effects_only: bool = False,
) -> Result | None:
    """One attempt at one event whose identity is known.

    See `idempotent_consumer` for what it returns and raises.
    """
    claim = await _claim(leases, identity, side_effects_only=side_effects_only)
    if claim is None:
        return await _run(leases, None, identity, message, handler)
    if claim.verdict is Verdict.COMPLETED:
        return None
    if claim.verdict is Verdict.CONFLICT:
        raise PayloadConflict(f"event {identity.event_id} is known with another payload")
    if claim.lease is None:
        raise EventInProgress(
            leases.config.key(identity.event_id),
            worker=claim.worker,
            retry_after_seconds=claim.retry_after_seconds,
        )
    return await _run(leases, claim, identity, message, handler)


async def _claim(leases: Leases, identity: Identity, *, side_effects_only: bool) -> Claim | None:
    try:
        return await leases.claim(identity)
    except LeasesUnavailable:
        if side_effects_only:
            raise
        return None


async def _run(
    leases: Leases,
    claim: Claim | None,
    identity: Identity,
    message: Message,
    handler: ConfirmingHandler[Any, Result],
) -> Result:
    lease = claim.lease if claim else None
    confirmed = False

    async def confirm_idempotency() -> None:
        nonlocal confirmed
        if not confirmed:
            confirmed = True
            if lease is not None:
                await leases.confirm(lease)
            else:
                leases.committed_without(identity)

    token = current_claim.set(claim)
    try:
        with cancelled_when_lost(*([lease] if lease is not None else [])):
            result = await handler(message, confirm_idempotency=confirm_idempotency)
        if not confirmed:
            raise UnconfirmedEvent(  # noqa: TRY301 - it ends like any other error of the handler
                f"the handler of event {identity.event_id} did not confirm it"
            )
    except CommitOutcomeUnknown:
        if lease is not None:
            leases.keep(lease)
        raise
    except BaseException as error:
        if lease is not None and not confirmed:
            await leases.release(lease, "failed" if counts(error) else "unused")
        raise
    finally:
        current_claim.reset(token)
    return result


@contextmanager
def cancelled_when_lost(*leases: Lease) -> Iterator[None]:
    """Have the heartbeat cancel this task when it finds one of the leases gone.

    The cancellation comes out as LeaseLost.
    """
    task = asyncio.current_task()
    if task is None:
        yield
        return
    cancelling = task.cancelling()
    held = [lease for lease in leases if not lease.lost]
    for lease in held:
        lease.holder = task
    try:
        yield
    except BaseException as error:
        # What the handler cleans up when it is cancelled may fail: then that comes out instead.
        lost = [lease.key for lease in held if lease.lost][: task.cancelling() - cancelling]
        for _ in lost:  # each of them has cancelled us once
            task.uncancel()
        if lost and task.cancelling() <= cancelling:
            raise LeaseLost(f"lost while the handler ran: {', '.join(lost)}") from error
        raise
    finally:
        for lease in held:
            lease.holder = None
