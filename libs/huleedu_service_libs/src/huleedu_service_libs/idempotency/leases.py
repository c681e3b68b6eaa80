"""Leases in Redis: who may try an event now, and that it is done.

A record lives under `IdempotencyConfig.key(event_id)` and is JSON:

    {"state": "processing" | "completed", "worker": "<host>:<pid>:<random>", "token": "<hex>",
     "started_at": "<seconds.microseconds by Redis's clock>", "fingerprint": "<SHA-256, hex>"}

    absent -> processing(token) -> completed -> (expires) absent

How a dead owner is told from a slow one: each worker keeps a liveness key (`liveness_ttl_seconds`,
refreshed by the heartbeat). A claim takes over a lease whose worker has no liveness key; a slow
worker's heartbeat goes on, and with it its lease. A worker that was paused asks for its lease again
before it commits (`ensure_held`), by its own monotonic clock; whatever slips through is decided by
the inbox.

Few commands: claims, confirmations and releases that are asked for at the same time travel
together, and one heartbeat serves all leases of a worker.
"""

import asyncio
import itertools
import os
import socket
import uuid
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.resources import files
from typing import Any, Literal, NamedTuple, TypeVar, cast

import redis.asyncio
import redis.exceptions

from huleedu_service_libs.clock import Clock, SystemClock
from huleedu_service_libs.errors import LeaseLost, LeasesUnavailable
from huleedu_service_libs.idempotency.coalescer import Coalescer
from huleedu_service_libs.idempotency.config import IdempotencyConfig
from huleedu_service_libs.idempotency.identity import Identity

T = TypeVar("T")
ReleaseMode = Literal["failed", "unused"]
"""Whether the attempt counts against the event."""

_QUIET_SECONDS = 0.5

_SCRIPTS = {
    name: files("huleedu_service_libs.idempotency").joinpath(f"scripts/{name}.lua").read_text()
    for name in ("claim", "confirm", "extend", "release")
}


class Verdict(StrEnum):
    CLAIMED = "claimed"
    RECOVERED = "recovered"
    """Taken over from a worker that is dead."""
    HELD = "held"
    COMPLETED = "completed"
    CONFLICT = "conflict"


@dataclass(eq=False, slots=True)
class Lease:
    """One worker's right to try one event now."""

    identity: Identity
    key: str
    counter_key: str
    token: str
    valid_until: float = 0.0
    """By the worker's monotonic clock: until then nobody can have taken it over. Each lease has its
    own: a worker that was paused lives again with its next claim, but older leases may be gone."""
    active: bool = True
    """Whether an attempt is under way; otherwise it waits for the retry that settles it."""
    lost: bool = False
    holder: asyncio.Task[Any] | None = field(default=None, repr=False)
    """The task that is cancelled when the lease is lost."""


class Claim(NamedTuple):
    verdict: Verdict
    failures: int
    """Attempts that ended in an error, before this one."""
    crashes: int
    """Attempts that took their worker with them, before this one."""
    retry_after_seconds: float
    worker: str
    """Who holds, or did, the record."""
    lease: Lease | None


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _ms(seconds: float) -> str:
    return str(max(1, round(seconds * 1000)))


class Leases:
    """The leases of one worker of one consumer."""

    def __init__(
        self,
        client: "redis.asyncio.Redis",
        config: IdempotencyConfig,
        *,
        worker: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.config = config
        self.worker = worker or f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self.degraded = False
        """Whether the last command found no Redis."""
        self._own = uuid.uuid4().hex
        self._numbers = itertools.count()
        self._redis = client
        self._clock = clock or SystemClock()
        self._scripts = {name: client.register_script(text) for name, text in _SCRIPTS.items()}
        self._held: dict[str, Lease] = {}
        self._doubtful: dict[str, Lease] = {}
        """Claims whose answers were lost, leases that could not be given back: they may stand. The
        next claim has the same token."""
        self._unconfirmed: dict[str, Lease] = {}
        """Committed, but Redis did not answer: confirmed when it does."""
        self._quiet_until = 0.0
        """While Redis is away it is asked only now and then: asking may take a whole timeout."""
        self._heartbeat: asyncio.Task[None] | None = None
        self._background: set[asyncio.Task[Any]] = set()
        self._claim = Coalescer(self._claim_batch, orphaned=self._give_back)
        self._confirm = Coalescer(self._confirm_batch)
        self._release = Coalescer(self._release_batch)

    @property
    def held(self) -> int:
        return len(self._held)

    async def claim(self, identity: Identity) -> Claim:
        """Claim an event. LeasesUnavailable if Redis does not answer."""
        (claim,) = await self.claim_all([identity])
        return claim

    async def claim_all(self, identities: Sequence[Identity]) -> list[Claim]:
        """Claim events in one command. LeasesUnavailable if Redis does not answer."""
        wanted = [self._wanted(identity) for identity in identities]
        asked = [lease for lease in wanted if lease is not None]
        try:
            answers = iter(await self._claim(asked) if asked else [])
        except LeasesUnavailable:
            for lease in asked:
                lease.active = False
                if lease.key not in self._held:
                    self._doubtful[lease.key] = lease
            raise
        return [
            Claim(Verdict.HELD, 0, 0, self.config.heartbeat_seconds, self.worker, None)
            if lease is None
            else self._claimed(lease, next(answers))
            for lease in wanted
        ]

    def _wanted(self, identity: Identity) -> Lease | None:
        """The lease to ask for; None if another attempt of this worker has it."""
        key = self.config.key(identity.event_id)
        lease = self._held.get(key) or self._doubtful.pop(key, None)
        if lease is None:
            counter_key = self.config.counter_key(identity.event_id)
            lease = Lease(identity, key, counter_key, f"{self._own}{next(self._numbers):x}")
        elif lease.active or lease.identity != identity:
            return None
        lease.active = True
        return lease

    def _claimed(self, lease: Lease, claim: Claim) -> Claim:
        if claim.lease is None:
            self._forget(lease)
        else:
            self._held[lease.key] = lease
            self._beat_while_held()
        return claim

    async def confirm(self, lease: Lease) -> bool:
        """Mark as completed what is committed.

        False, never an exception, if another worker has the lease or Redis does not answer.
        """
        return await self.confirm_all([lease])

    async def confirm_all(self, leases: Sequence[Lease]) -> bool:
        """`confirm` for several in one command; whether all are completed."""
        for lease in leases:
            self._forget(lease)
        try:
            return all(answer == "completed" for answer in await self._confirm(leases))
        except LeasesUnavailable:
            self._unconfirmed |= {lease.key: lease for lease in leases}
            return False

    async def release(self, lease: Lease, mode: ReleaseMode) -> None:
        """Give the lease back if it is still one's own.

        Never raises for Redis; goes on, bounded in time, when the caller is cancelled.
        """
        await self.release_all([lease], mode)

    async def release_all(self, leases: Sequence[Lease], mode: ReleaseMode) -> None:
        """`release` for several in one command."""
        for lease in leases:
            self._forget(lease)
        if leases:
            await asyncio.shield(self._in_background(self._release_quietly(leases, mode)))

    def keep(self, lease: Lease) -> None:
        """The outcome of its commit is unknown: hold others off until a retry has settled it."""
        lease.active = False

    def committed_without(self, identity: Identity) -> None:
        """The event took effect while Redis was away: complete what a lost claim may have left."""
        lease = self._doubtful.pop(self.config.key(identity.event_id), None)
        if lease is not None:
            self._in_background(self.confirm(lease))

    async def release_unsettled(self) -> None:
        """Give back what waits for a retry that will not be here: the partitions are gone."""
        unsettled = [lease for lease in self._held.values() if not lease.active]
        unsettled += self._doubtful.values()
        self._doubtful.clear()
        await self.release_all(unsettled, "unused")

    def _pay_debts(self) -> None:
        """Redis answers again: say what could not be said."""
        if self._doubtful:
            self._in_background(self._release_quietly([*self._doubtful.values()], "unused"))
        if self._unconfirmed:
            self._in_background(self.confirm_all([*self._unconfirmed.values()]))
        self._doubtful.clear()
        self._unconfirmed.clear()

    async def forget_attempts(self, identity: Identity) -> None:
        """Count afresh: the event has become a dead letter and may be replayed."""
        with suppress(redis.exceptions.RedisError, OSError, TimeoutError):
            async with asyncio.timeout(self.config.redis_timeout_seconds):
                await self._redis.delete(self.config.counter_key(identity.event_id))

    async def ensure_held(self, *leases: Lease) -> None:
        """The gate before a commit: LeaseLost if one of its leases has gone.

        Asks Redis only if this worker has been silent for so long that somebody may have taken
        over. While Redis does not answer the gate is open: the inbox decides.
        """
        now = self._clock.monotonic()
        if any(now >= lease.valid_until for lease in leases if not lease.lost):
            await self.beat()
        for lease in leases:
            if lease.lost:
                raise LeaseLost(f"{lease.key} is no longer held by {self.worker}")

    async def beat(self) -> None:
        """One heartbeat: this worker lives, its leases last on, what Redis forgot is reclaimed."""
        leases = list(self._held.values())
        sent = self._clock.monotonic()
        config = self.config
        args = [self.worker, _ms(config.processing_ttl_seconds), config.liveness_prefix]
        args += [_ms(config.liveness_ttl_seconds), *(lease.token for lease in leases)]
        try:
            answers = await self._call("extend", [lease.key for lease in leases], args)
        except LeasesUnavailable:
            return
        for lease, own in zip(leases, answers, strict=True):
            if own:
                lease.valid_until = sent + config.liveness_ttl_seconds
            elif self._is_held(lease):
                await self._claim_again(lease)
        self._pay_debts()

    def start(self) -> None:
        """Beat from now on. Without it the heartbeat runs while a lease is held."""
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        self._heartbeat = asyncio.create_task(self._beat_regularly(forever=True))

    async def stop(self) -> None:
        """End the heartbeat and say at once that this worker is gone."""
        await asyncio.gather(*self._background, return_exceptions=True)
        if self._heartbeat is not None:
            self._heartbeat.cancel()
            await asyncio.gather(self._heartbeat, return_exceptions=True)
            self._heartbeat = None
        with suppress(redis.exceptions.RedisError, OSError, TimeoutError):  # else it expires
            async with asyncio.timeout(self.config.redis_timeout_seconds):
                await self._redis.delete(self.config.liveness_prefix + self.worker)

    def _beat_while_held(self) -> None:
        if self._heartbeat is None or self._heartbeat.done():
            self._heartbeat = asyncio.create_task(self._beat_regularly(forever=False))

    async def _beat_regularly(self, *, forever: bool) -> None:
        while forever or self._held:
            await self._clock.sleep(self.config.heartbeat_seconds)
            await self.beat()

    async def _claim_again(self, lease: Lease) -> None:
        try:
            (claim,) = await self._claim_batch([lease])
        except LeasesUnavailable:
            return
        if claim.lease is None and self._is_held(lease):
            lease.lost = True
            self._forget(lease)
            if lease.holder is not None:
                lease.holder.cancel("lease lost")
        elif claim.lease is not None and not self._is_held(lease):
            self._give_back(lease, claim)

    def _is_held(self, lease: Lease) -> bool:
        return self._held.get(lease.key) is lease

    def _forget(self, lease: Lease) -> None:
        if self._is_held(lease):
            del self._held[lease.key]

    def _give_back(self, lease: Lease, claim: Claim) -> None:
        """Nobody waits for this claim any more."""
        if claim.lease is not None:
            self._in_background(self._release_quietly([lease], "unused"))

    def _in_background(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    async def _release_quietly(self, leases: Sequence[Lease], mode: ReleaseMode) -> None:
        try:
            await self._release([(lease, mode) for lease in leases])
        except LeasesUnavailable:
            for lease in leases:
                lease.active = False
                self._doubtful[lease.key] = lease

    async def _claim_batch(self, leases: list[Lease]) -> list[Claim]:
        config = self.config
        keys = [key for lease in leases for key in (lease.key, lease.counter_key)]
        args = [self.worker, _ms(config.processing_ttl_seconds), config.liveness_prefix]
        args.append(_ms(config.liveness_ttl_seconds))
        for lease in leases:
            args += [lease.token, lease.identity.fingerprint]
        sent = self._clock.monotonic()
        answers = await self._call("claim", keys, args, again=True)
        return [
            _claim(lease, sent + config.liveness_ttl_seconds, answer)
            for lease, answer in zip(leases, answers, strict=True)
        ]

    async def _confirm_batch(self, leases: list[Lease]) -> list[str]:
        args = [self.worker]
        for lease in leases:
            ttl = self.config.completed_ttl_seconds(lease.identity.event_type)
            args += [lease.token, lease.identity.fingerprint, _ms(ttl)]
        keys = [lease.key for lease in leases]
        return [_text(answer) for answer in await self._call("confirm", keys, args, again=True)]

    async def _release_batch(self, items: list[tuple[Lease, ReleaseMode]]) -> list[int]:
        keys = [key for lease, _ in items for key in (lease.key, lease.counter_key)]
        args = [arg for lease, mode in items for arg in (lease.token, mode)]
        return await self._call("release", keys, args)

    async def _call(
        self, script: str, keys: list[str], args: list[str], *, again: bool = False
    ) -> list[Any]:
        """Run a script; `again`: it may be repeated at once if its answer is lost."""
        if self._clock.monotonic() < self._quiet_until:
            raise LeasesUnavailable("Redis did not answer a moment ago")
        try:
            async with asyncio.timeout(self.config.redis_timeout_seconds):
                answer = await self._scripts[script](keys=keys, args=args)
        except (redis.exceptions.RedisError, OSError, TimeoutError) as error:
            if again:
                return await self._call(script, keys, args)
            self.degraded = True
            self._quiet_until = self._clock.monotonic() + _QUIET_SECONDS
            raise LeasesUnavailable(f"{type(error).__name__}: {error}") from error
        self.degraded = False
        return cast("list[Any]", answer)


def _claim(lease: Lease, valid_until: float, answer: Sequence[Any]) -> Claim:
    verdict, failures, crashes, left_ms, holder = answer
    found = Verdict(_text(verdict))
    owned = found in (Verdict.CLAIMED, Verdict.RECOVERED)
    if owned:
        lease.valid_until = valid_until
    seconds = max(0, left_ms) / 1000
    return Claim(found, failures, crashes, seconds, _text(holder), lease if owned else None)
