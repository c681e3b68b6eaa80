"""Claim, extend, confirm, release: the same suite over the double and over a real server.

Times are short, for a real server's time cannot be turned.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from huleedu_service_libs.errors import LeaseLost
from huleedu_service_libs.idempotency.config import IdempotencyConfig
from huleedu_service_libs.idempotency.identity import Identity, fingerprint
from huleedu_service_libs.idempotency.leases import Claim, Lease, Leases, Verdict
from huleedu_service_libs.testing.fake_redis import FakeRedis
from libs.huleedu_service_libs.tests.redis_servers import Server

LIVENESS = 0.3
PROCESSING = 0.6
COMPLETED = 1.0
EVENT_TYPE = "SomethingV1"


def config(service: str = "ledger_service", **times: float) -> IdempotencyConfig:
    return IdempotencyConfig(
        service,
        processing_ttl_seconds=times.get("processing", PROCESSING),
        default_ttl_seconds=5.0,
        event_type_ttls={EVENT_TYPE: COMPLETED},
        heartbeat_seconds=LIVENESS / 3,
        liveness_ttl_seconds=LIVENESS,
        redelivery_gap_seconds=0.5,
    )


def identity(event_id: UUID | None = None, value: bytes = b"{}") -> Identity:
    return Identity(event_id or uuid4(), EVENT_TYPE, fingerprint(value))


class Bench:
    """Workers of one consumer; those that are not started die as soon as they have claimed."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.workers: list[Leases] = []

    def worker(self, name: str = "w", *, config_: IdempotencyConfig | None = None) -> Leases:
        leases = Leases(
            self.server.client,
            config_ or config(),
            worker=f"{name}-{len(self.workers)}",
            clock=self.server.clock,
        )
        self.workers.append(leases)
        return leases

    async def record(self, event: Identity, service: str = "ledger_service") -> dict[str, str]:
        raw = await self.server.client.get(config(service).key(event.event_id))
        return json.loads(raw) if raw else {}

    async def ttl(self, event: Identity) -> float:
        return float(await self.server.client.pttl(config().key(event.event_id))) / 1000


@pytest.fixture
async def bench(server: Server) -> AsyncIterator[Bench]:
    made = Bench(server)
    yield made
    for worker in made.workers:
        await worker.stop()


def owned(claim: Claim) -> Lease:
    assert claim.lease is not None
    return claim.lease


async def dead_with_claim(bench: Bench, event: Identity) -> Lease:
    """The lease of a worker that has died since: no heartbeat, no goodbye."""
    worker = bench.worker("dead")
    lease = owned(await worker.claim(event))
    assert worker._heartbeat is not None
    worker._heartbeat.cancel()
    return lease


async def test_i5_a_claim_says_what_is_there(bench: Bench) -> None:
    event, first, second = identity(), bench.worker(), bench.worker()
    claim = await first.claim(event)
    assert claim.verdict is Verdict.CLAIMED
    record = await bench.record(event)
    assert record["state"] == "processing"
    assert record["worker"] == first.worker
    assert record["token"] == owned(claim).token
    assert record["fingerprint"] == event.fingerprint
    assert float(record["started_at"]) > 0
    held = await second.claim(event)
    assert (held.verdict, held.worker, held.lease) == (Verdict.HELD, first.worker, None)
    assert 0 < held.retry_after_seconds <= PROCESSING


async def test_i5_of_many_claims_at_once_one_is_granted(bench: Bench) -> None:
    event = identity()
    claims = await asyncio.gather(*(bench.worker().claim(event) for _ in range(20)))
    verdicts = [claim.verdict for claim in claims]
    assert verdicts.count(Verdict.CLAIMED) == 1
    assert verdicts.count(Verdict.HELD) == 19


async def test_i9_a_worker_does_not_get_the_lease_it_is_using(bench: Bench) -> None:
    event, worker = identity(), bench.worker()
    assert (await worker.claim(event)).verdict is Verdict.CLAIMED
    assert (await worker.claim(event)).verdict is Verdict.HELD


async def test_i9_of_two_claims_by_one_worker_at_once_one_is_granted(bench: Bench) -> None:
    event, worker = identity(), bench.worker()
    claims = await asyncio.gather(worker.claim(event), worker.claim(event))
    assert sorted(claim.verdict for claim in claims) == [Verdict.CLAIMED, Verdict.HELD]


async def test_i7_a_confirmed_event_is_completed_for_as_long_as_its_type_says(
    bench: Bench,
) -> None:
    event, first, second = identity(), bench.worker(), bench.worker()
    assert await first.confirm(owned(await first.claim(event)))
    assert (await bench.record(event))["state"] == "completed"
    assert PROCESSING < await bench.ttl(event) <= COMPLETED
    assert (await second.claim(event)).verdict is Verdict.COMPLETED
    assert (await first.claim(event)).verdict is Verdict.COMPLETED


async def test_i7_confirming_what_redis_has_forgotten_completes_it(bench: Bench) -> None:
    event, worker = identity(), bench.worker()
    lease = owned(await worker.claim(event))
    await bench.server.client.flushall()
    assert await worker.confirm(lease)
    assert (await bench.record(event))["state"] == "completed"


async def test_i7_confirming_twice_changes_nothing(bench: Bench) -> None:
    event, worker = identity(), bench.worker()
    lease = owned(await worker.claim(event))
    assert await worker.confirm(lease)
    before = await bench.record(event)
    assert await worker.confirm(lease)
    assert await bench.record(event) == before


async def test_i7_confirming_does_not_touch_the_lease_of_another(bench: Bench) -> None:
    event = identity()
    stale = await dead_with_claim(bench, event)
    await bench.server.pass_time(LIVENESS * 1.5)
    second = bench.worker()
    second.start()
    lease = owned(await second.claim(event))
    assert not await bench.workers[0].confirm(stale)
    record = await bench.record(event)
    assert (record["state"], record["token"]) == ("processing", lease.token)


async def test_i6_releasing_gives_back_only_ones_own_lease(bench: Bench) -> None:
    event = identity()
    stale = await dead_with_claim(bench, event)
    await bench.server.pass_time(LIVENESS * 1.5)
    second = bench.worker()
    second.start()
    lease = owned(await second.claim(event))
    await bench.workers[0].release(stale, "failed")
    assert (await bench.record(event))["token"] == lease.token
    await second.release(lease, "unused")
    assert await bench.record(event) == {}


async def test_i6_extending_extends_only_ones_own_lease(bench: Bench) -> None:
    event = identity()
    await dead_with_claim(bench, event)
    second = bench.worker()
    await bench.server.pass_time(LIVENESS * 1.5)
    second.start()
    owned(await second.claim(event))
    before = await bench.record(event)
    await bench.workers[0].beat()
    assert await bench.record(event) == before
    assert bench.workers[0].held == 0


async def test_a_completed_record_is_not_released(bench: Bench) -> None:
    event, worker = identity(), bench.worker()
    lease = owned(await worker.claim(event))
    await worker.confirm(lease)
    await worker.release(lease, "failed")
    assert (await bench.record(event))["state"] == "completed"


async def test_a_dead_workers_lease_is_taken_over_once_its_liveness_has_gone(bench: Bench) -> None:
    event = identity()
    await dead_with_claim(bench, event)
    second = bench.worker()
    second.start()
    assert (await second.claim(event)).verdict is Verdict.HELD
    await bench.server.pass_time(LIVENESS * 1.5)
    claim = await second.claim(event)
    assert (claim.verdict, claim.crashes) == (Verdict.RECOVERED, 1)
    assert (await bench.record(event))["worker"] == second.worker


async def test_a_slow_workers_lease_lasts_longer_than_its_ttl(bench: Bench) -> None:
    event, slow, second = identity(), bench.worker(), bench.worker()
    owned(await slow.claim(event))
    for _ in range(4):
        await bench.server.pass_time(PROCESSING / 2)
        assert (await second.claim(event)).verdict is Verdict.HELD


async def test_a_stopped_worker_is_known_to_be_gone_at_once(bench: Bench) -> None:
    event, first, second = identity(), bench.worker(), bench.worker()
    await first.claim(event)
    await first.stop()
    assert (await second.claim(event)).verdict is Verdict.RECOVERED


async def test_i29_crashes_are_counted_across_workers(bench: Bench) -> None:
    event = identity()
    for crashes in range(3):
        worker = bench.worker()
        assert (await worker.claim(event)).crashes == crashes
        await worker.stop()


async def test_i29_failures_are_counted_across_workers(bench: Bench) -> None:
    event = identity()
    for failures in range(3):
        worker = bench.worker()
        claim = await worker.claim(event)
        assert claim.failures == failures
        await worker.release(owned(claim), "failed")


async def test_an_unused_lease_does_not_count(bench: Bench) -> None:
    event, worker = identity(), bench.worker()
    await worker.release(owned(await worker.claim(event)), "unused")
    claim = await worker.claim(event)
    assert (claim.verdict, claim.failures, claim.crashes) == (Verdict.CLAIMED, 0, 0)


async def test_counts_are_forgotten_with_a_dead_letter(bench: Bench) -> None:
    event, worker = identity(), bench.worker()
    await worker.release(owned(await worker.claim(event)), "failed")
    await worker.forget_attempts(event)
    assert (await worker.claim(event)).failures == 0


@pytest.mark.parametrize("state", ["processing", "completed"])
async def test_i4_a_known_id_with_another_payload_is_a_conflict(bench: Bench, state: str) -> None:
    event, first, second = identity(), bench.worker(), bench.worker()
    lease = owned(await first.claim(event))
    if state == "completed":
        await first.confirm(lease)
    other = identity(event.event_id, b"other")
    assert (await second.claim(other)).verdict is Verdict.CONFLICT
    assert (await bench.record(event))["state"] == state


async def test_i1_another_service_has_records_of_its_own(bench: Bench) -> None:
    event, first = identity(), bench.worker()
    await first.confirm(owned(await first.claim(event)))
    other = bench.worker(config_=config("other_service"))
    assert (await other.claim(event)).verdict is Verdict.CLAIMED


async def test_i10_the_heartbeat_claims_again_what_redis_has_forgotten(bench: Bench) -> None:
    event, worker = identity(), bench.worker()
    lease = owned(await worker.claim(event))
    await bench.server.client.flushall()
    await worker.beat()
    assert (await bench.record(event))["token"] == lease.token
    await worker.ensure_held(lease)


async def test_i10_the_gate_refuses_a_worker_whose_lease_was_taken_over(bench: Bench) -> None:
    event = identity()
    stale = await dead_with_claim(bench, event)
    await bench.workers[0].ensure_held(stale)
    await bench.server.pass_time(LIVENESS * 1.5)
    second = bench.worker()
    second.start()
    owned(await second.claim(event))
    with pytest.raises(LeaseLost):
        await bench.workers[0].ensure_held(stale)


async def test_i10_the_gate_opens_to_a_paused_worker_whose_lease_nobody_took(bench: Bench) -> None:
    event = identity()
    lease = await dead_with_claim(bench, event)
    await bench.server.pass_time(LIVENESS * 1.5)
    await bench.workers[0].ensure_held(lease)


async def test_a_batch_of_claims_and_confirmations_is_one_command_each(bench: Bench) -> None:
    worker = bench.worker()
    events = [identity() for _ in range(100)]
    before = await commands(bench.server)
    claims = await asyncio.gather(*(worker.claim(event) for event in events))
    await asyncio.gather(*(worker.confirm(owned(claim)) for claim in claims))
    assert await commands(bench.server) - before == 2
    assert {(await bench.record(event))["state"] for event in events} == {"completed"}


async def commands(server: Server) -> int:
    """How many scripts the server has been asked to run."""
    if isinstance(server.client, FakeRedis):
        return server.client.commands.count("evalsha")
    stats = await server.client.info("commandstats")
    return int(stats.get("cmdstat_evalsha", {"calls": 0})["calls"])
