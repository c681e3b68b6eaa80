"""The real scripts against the three-state model, in whatever order Hypothesis thinks of.

    absent -> processing(token) -> completed -> absent

The model is a dictionary; the machine does to both the same thing and compares after each step.
"""

import asyncio
import json
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar, cast
from uuid import UUID

import redis.asyncio
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from huleedu_service_libs.idempotency.config import IdempotencyConfig
from huleedu_service_libs.idempotency.identity import Identity, fingerprint
from huleedu_service_libs.idempotency.leases import Lease, Leases, Verdict
from huleedu_service_libs.testing.clock import FakeClock
from huleedu_service_libs.testing.fake_redis import FakeRedis

T = TypeVar("T")
CONFIG = IdempotencyConfig("ledger_service", default_ttl_seconds=100, redelivery_gap_seconds=50)
EVENTS = [Identity(UUID(int=n), "SomethingV1", fingerprint(b"%d" % n)) for n in range(2)]
WORKERS = ["a", "b", "c"]


@dataclass
class Modelled:
    """What the model says of one event."""

    state: str
    token: str
    worker: str
    expires_at: float


class LeaseMachine(RuleBasedStateMachine):
    leases = Bundle("leases")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = FakeClock()
        self.redis = FakeRedis(self.clock)
        client = cast("redis.asyncio.Redis", self.redis)
        self.workers = {
            name: Leases(client, CONFIG, worker=name, clock=self.clock) for name in WORKERS
        }
        self.model: dict[UUID, Modelled] = {}
        self.alive_until = dict.fromkeys(WORKERS, 0.0)
        self.healthy = True
        """Redis has forgotten nothing so far."""

    def teardown(self) -> None:
        for worker in self.workers.values():
            self.run(worker.stop())
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def modelled(self, event: Identity) -> Modelled | None:
        found = self.model.get(event.event_id)
        return found if found and found.expires_at > self.clock.monotonic() else None

    def lives(self, worker: str) -> None:
        self.alive_until[worker] = self.clock.monotonic() + CONFIG.liveness_ttl_seconds

    @rule(target=leases, name=st.sampled_from(WORKERS), event=st.sampled_from(EVENTS))
    def claim(self, name: str, event: Identity) -> tuple[str, Lease | None]:
        worker, known, now = self.workers[name], self.modelled(event), self.clock.monotonic()
        in_use = CONFIG.key(event.event_id) in worker._held
        claim = self.run(worker.claim(event))
        if in_use:
            assert claim.verdict is Verdict.HELD
            return name, None
        self.lives(name)
        if known is None:
            assert claim.verdict is Verdict.CLAIMED
        elif known.state == "completed":
            assert claim.verdict is Verdict.COMPLETED
        elif self.alive_until[known.worker] > now and known.worker != name:
            assert claim.verdict is Verdict.HELD
        elif known.worker == name:
            assert claim.verdict is Verdict.HELD, "its own liveness was renewed by the claim"
        else:
            assert claim.verdict is Verdict.RECOVERED
        if claim.lease is not None:
            self.model[event.event_id] = Modelled(
                "processing", claim.lease.token, name, now + CONFIG.processing_ttl_seconds
            )
        return name, claim.lease

    @rule(held=leases)
    def confirm(self, held: tuple[str, Lease | None]) -> None:
        name, lease = held
        if lease is None:
            return
        known = self.modelled(lease.identity)
        confirmed = self.run(self.workers[name].confirm(lease))
        theirs = known is not None and known.state == "processing" and known.token != lease.token
        assert confirmed is not theirs
        if not theirs and (known is None or known.state == "processing"):
            until = self.clock.monotonic() + CONFIG.default_ttl_seconds
            self.model[lease.identity.event_id] = Modelled("completed", lease.token, name, until)

    @rule(held=leases)
    def release(self, held: tuple[str, Lease | None]) -> None:
        name, lease = held
        if lease is None:
            return
        known = self.modelled(lease.identity)
        self.run(self.workers[name].release(lease, "failed"))
        if known is not None and known.state == "processing" and known.token == lease.token:
            del self.model[lease.identity.event_id]

    @rule(name=st.sampled_from(WORKERS))
    def beat(self, name: str) -> None:
        worker, now = self.workers[name], self.clock.monotonic()
        held = list(worker._held.values())
        self.run(worker.beat())
        self.lives(name)
        for lease in held:
            known = self.modelled(lease.identity)
            if known is None:
                self.model[lease.identity.event_id] = Modelled(
                    "processing", lease.token, name, now + CONFIG.processing_ttl_seconds
                )
            elif known.state == "processing" and known.token == lease.token:
                known.expires_at = now + CONFIG.processing_ttl_seconds
            elif known.state == "processing" and self.alive_until[known.worker] <= now:
                self.model[lease.identity.event_id] = Modelled(
                    "processing", lease.token, name, now + CONFIG.processing_ttl_seconds
                )
            else:
                assert lease.lost

    @rule(seconds=st.sampled_from([1.0, 3.0, 7.0, 60.0, 301.0]))
    def pause_everybody(self, seconds: float) -> None:
        self.clock.jump(seconds)

    @rule()
    def flush(self) -> None:
        self.run(self.redis.flushall())
        self.healthy = False
        self.model.clear()
        self.alive_until = dict.fromkeys(WORKERS, 0.0)

    @invariant()
    def the_records_are_those_of_the_model(self) -> None:
        for event in EVENTS:
            raw = self.run(self.redis.get(CONFIG.key(event.event_id)))
            known = self.modelled(event)
            if known is None:
                assert raw is None
                continue
            assert raw is not None
            record = json.loads(raw)
            assert (record["state"], record["token"]) == (known.state, known.token)
            left = self.run(self.redis.pttl(CONFIG.key(event.event_id))) / 1000
            assert abs(left - (known.expires_at - self.clock.monotonic())) < 0.01

    @invariant()
    def i9_the_gate_is_open_to_at_most_one_worker(self) -> None:
        now = self.clock.monotonic()
        for event in EVENTS if self.healthy else ():
            passing = [
                name
                for name, worker in self.workers.items()
                for lease in worker._held.values()
                if lease.identity == event and not lease.lost and now < lease.valid_until
            ]
            assert len(passing) <= 1


LeaseMachine.TestCase.settings = settings(
    max_examples=150, stateful_step_count=30, deadline=None, derandomize=True
)
TestLeaseModel = LeaseMachine.TestCase
