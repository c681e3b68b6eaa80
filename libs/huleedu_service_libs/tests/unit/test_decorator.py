"""The public decorator, as a handler of raw messages sees it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
import redis.asyncio

from huleedu_service_libs.errors import (
    CommitOutcomeUnknown,
    LeaseLost,
    LeasesUnavailable,
    PayloadConflict,
    PoisonMessage,
)
from huleedu_service_libs.idempotency import (
    EventInProgress,
    IdempotencyConfig,
    UnconfirmedEvent,
    idempotent_consumer,
)
from huleedu_service_libs.idempotency.decorator import Confirm
from huleedu_service_libs.idempotency.identity import Message
from huleedu_service_libs.idempotency.leases import Leases
from huleedu_service_libs.testing.clock import FakeClock, settle
from huleedu_service_libs.testing.fake_redis import FakeRedis
from huleedu_service_libs.testing.messages import StoredMessage

CONFIG = IdempotencyConfig(
    service_name="ledger_service",
    default_ttl_seconds=86_400,
    processing_ttl_seconds=300,
    event_type_ttls={"SomethingV1": 7_200},
)


def message(event_id: UUID | None = None, **changes: Any) -> StoredMessage:
    event_id = event_id or uuid4()
    body = json.dumps({"event_id": str(event_id), "event_type": "SomethingV1", "data": 1})
    return replace(
        StoredMessage("topic", 0, 0, b"key", body.encode(), [("event_id", str(event_id).encode())]),
        **changes,
    )


@dataclass
class World:
    clock: FakeClock
    redis: FakeRedis
    workers: list[Leases]

    def worker(self) -> Leases:
        client = cast("redis.asyncio.Redis", self.redis)
        leases = Leases(client, CONFIG, worker=f"w{len(self.workers)}", clock=self.clock)
        self.workers.append(leases)
        return leases

    def consumer(
        self,
        handler: Callable[[Confirm], Awaitable[object]],
        *,
        side_effects_only: bool = False,
        leases: Leases | None = None,
    ) -> Callable[[Message], Coroutine[Any, Any, object]]:
        leases = leases or self.worker()

        @idempotent_consumer(
            redis_client=cast("redis.asyncio.Redis", self.redis),
            config=CONFIG,
            side_effects_only=side_effects_only,
            leases=leases,
        )
        async def handle(_msg: Message, /, *, confirm_idempotency: Confirm) -> object:
            return await handler(confirm_idempotency)

        return handle

    async def state(self, event: StoredMessage) -> str:
        [(_, event_id)] = event.headers
        raw = await self.redis.get(CONFIG.key(UUID(event_id.decode())))
        return json.loads(raw)["state"] if raw else "absent"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    clock = FakeClock()
    made = World(clock, FakeRedis(clock), [])
    yield made
    made.redis.down = False
    made.redis.latency = 0.0
    for worker in made.workers:
        await worker.stop()


async def confirming(confirm: Confirm) -> str:
    await confirm()
    return "result"


async def test_the_wrapper_returns_the_handlers_result_once_and_then_none(world: World) -> None:
    event, handle = message(), world.consumer(confirming)
    assert await handle(event) == "result"
    assert await handle(event) is None
    assert await world.consumer(confirming)(event) is None


async def test_without_a_worker_of_its_own_the_decorator_makes_one(world: World) -> None:
    @idempotent_consumer(redis_client=cast("redis.asyncio.Redis", world.redis), config=CONFIG)
    async def handle(_msg: Message, /, *, confirm_idempotency: Confirm) -> bool:
        await confirm_idempotency()
        return True

    event = message()
    assert await handle(event) is True
    assert await world.state(event) == "completed"


async def test_while_another_worker_has_it_the_handler_is_not_called(world: World) -> None:
    event, calls, go_on = message(), 0, asyncio.Event()

    async def slow(confirm: Confirm) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            await go_on.wait()
        await confirm()

    first = asyncio.create_task(world.consumer(slow)(event))
    await settle()
    with pytest.raises(EventInProgress) as told:
        await world.consumer(slow)(event)
    assert 0 < told.value.retry_after_seconds <= 300
    go_on.set()
    await first
    assert calls == 1


async def test_the_handlers_error_comes_out_unchanged_after_one_call(world: World) -> None:
    event, calls, bug = message(), 0, ValueError("bug")

    async def failing(_confirm: Confirm) -> None:
        nonlocal calls
        calls += 1
        raise bug

    with pytest.raises(ValueError, match="bug") as raised:
        await world.consumer(failing)(event)
    assert raised.value is bug
    assert calls == 1
    assert await world.state(event) == "absent"


async def test_a_redis_error_of_the_handler_is_the_handlers_error(world: World) -> None:
    event, calls = message(), 0

    async def failing(_confirm: Confirm) -> None:
        nonlocal calls
        calls += 1
        raise redis.exceptions.ConnectionError("the handler's own Redis")

    with pytest.raises(redis.exceptions.ConnectionError, match="own Redis"):
        await world.consumer(failing)(event)
    assert calls == 1
    assert await world.state(event) == "absent"


async def test_a_handler_that_does_not_confirm_is_told_so(world: World) -> None:
    event = message()

    async def forgetful(_confirm: Confirm) -> None:
        return

    with pytest.raises(UnconfirmedEvent):
        await world.consumer(forgetful)(event)
    assert await world.state(event) == "absent"


async def test_until_confirmed_it_is_processing_and_then_completed(world: World) -> None:
    event, seen = message(), []

    async def looking(confirm: Confirm) -> None:
        seen.append(await world.state(event))
        await confirm()
        seen.append(await world.state(event))

    await world.consumer(looking)(event)
    assert seen == ["processing", "completed"]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"headers": [], "value": b'{"data": 1}'}, id="no id"),
        pytest.param({"headers": [("event_id", b"x")]}, id="an id that is no UUID"),
        pytest.param({"headers": [("event_id", b"\xff")]}, id="an id that is no text"),
        pytest.param({"headers": [("event_id", str(uuid4()).encode())]}, id="ids that differ"),
        pytest.param({"value": b"\xff\xfe"}, id="no text"),
        pytest.param({"value": b"[1]"}, id="no object"),
        pytest.param({"value": b"[" * 100_000}, id="endless nesting"),
        pytest.param({"value": None}, id="no body"),
    ],
)
async def test_i2_i3_what_has_no_certain_id_is_poison(
    world: World, changes: dict[str, Any]
) -> None:
    async def never(_confirm: Confirm) -> None:
        raise AssertionError("an unidentified message must not be handled")

    with pytest.raises(PoisonMessage):
        await world.consumer(never)(message(**changes))
    assert await world.redis.keys() == []


async def test_i2_ids_are_compared_as_ids_not_as_texts(world: World) -> None:
    event_id = uuid4()
    event = message(event_id, headers=[("event_id", str(event_id).upper().encode())])
    assert await world.consumer(confirming)(event) == "result"


async def test_i1_i2_header_or_body_alone_give_the_same_key(world: World) -> None:
    event_id = uuid4()
    await world.consumer(confirming)(message(event_id, headers=[]))
    keys = await world.redis.keys("huleedu:event:*")
    body = b'{"event_type": "SomethingV1", "data": 1}'
    with pytest.raises(PayloadConflict):
        await world.consumer(confirming)(message(event_id, value=body))
    assert await world.redis.keys("huleedu:event:*") == keys


async def test_i1_topic_partition_offset_key_and_headers_do_not_matter(world: World) -> None:
    event = message()
    await world.consumer(confirming)(event)
    moved = replace(
        event,
        topic="other",
        partition=7,
        offset=99,
        key=b"other",
        headers=[*event.headers, ("traceparent", b"00-1-2-3")],
    )
    assert await world.consumer(confirming)(moved) is None


async def test_i4_a_known_id_with_another_payload_is_a_conflict(world: World) -> None:
    event = message()
    await world.consumer(confirming)(event)
    value = (event.value or b"") + b" "
    with pytest.raises(PayloadConflict):
        await world.consumer(confirming)(replace(event, value=value))


async def test_without_redis_a_handler_behind_an_inbox_goes_on(world: World) -> None:
    world.redis.down = True
    assert await world.consumer(confirming)(message()) == "result"


async def test_without_redis_a_handler_of_side_effects_waits(world: World) -> None:
    world.redis.down = True
    with pytest.raises(LeasesUnavailable):
        await world.consumer(confirming, side_effects_only=True)(message())


async def test_without_redis_the_handler_is_called_once_and_its_error_comes_out(
    world: World,
) -> None:
    calls = 0

    async def failing(_confirm: Confirm) -> None:
        nonlocal calls
        calls += 1
        raise OSError("disk full")

    world.redis.down = True
    with pytest.raises(OSError, match="disk full"):
        await world.consumer(failing)(message())
    assert calls == 1


async def test_i8_a_claim_whose_answer_was_lost_is_ones_own(world: World) -> None:
    event = message()
    world.redis.answers_lost = 1
    assert await world.consumer(confirming)(event) == "result"
    assert await world.state(event) == "completed"


async def test_i8_a_claim_that_stands_although_redis_went_away_is_found_again(
    world: World,
) -> None:
    event, leases = message(), world.worker()

    async def failing(_confirm: Confirm) -> None:
        raise ValueError

    world.redis.answers_lost = 2
    with pytest.raises(ValueError):  # noqa: PT011 - it is the handler's
        await world.consumer(failing, leases=leases)(event)
    assert await world.state(event) == "processing"
    await world.clock.advance(1)
    assert await world.consumer(confirming, leases=leases)(event) == "result"
    assert await world.state(event) == "completed"


async def test_i7_a_confirmation_without_redis_is_made_up_for(world: World) -> None:
    event = message()

    async def losing_redis(confirm: Confirm) -> str:
        world.redis.down = True
        await confirm()
        world.redis.down = False
        return "result"

    leases = world.worker()
    leases.start()
    assert await world.consumer(losing_redis, leases=leases)(event) == "result"
    assert await world.state(event) == "processing"
    await world.clock.advance(CONFIG.heartbeat_seconds)
    assert await world.state(event) == "completed"


async def test_i11_a_cancelled_handler_gives_its_lease_back(world: World) -> None:
    event, started = message(), asyncio.Event()

    async def endless(_confirm: Confirm) -> None:
        started.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(world.consumer(endless)(event))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await world.state(event) == "absent"


async def test_i11_a_claim_that_is_cancelled_under_way_is_given_back(world: World) -> None:
    event = message()
    world.redis.latency = 1.0
    leases = world.worker()
    task = asyncio.create_task(world.consumer(confirming, leases=leases)(event))
    await settle()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await world.clock.advance(1)
    world.redis.latency = 0.0
    await world.clock.advance(1)
    assert await world.state(event) == "absent"


async def test_i10_a_handler_whose_lease_was_taken_over_is_cancelled(world: World) -> None:
    event, first, second = message(), world.worker(), world.worker()

    async def endless(_confirm: Confirm) -> None:
        await asyncio.Event().wait()

    task = asyncio.create_task(world.consumer(endless, leases=first)(event))
    await settle()
    world.clock.jump(CONFIG.liveness_ttl_seconds + 1)  # the first worker is paused meanwhile
    assert await world.consumer(confirming, leases=second)(event) == "result"
    await world.clock.advance(0)
    with pytest.raises(LeaseLost):
        await task
    assert await world.state(event) == "completed"


async def test_i17_when_the_commits_outcome_is_unknown_the_lease_stays(world: World) -> None:
    event, leases = message(), world.worker()

    async def losing_the_connection(_confirm: Confirm) -> None:
        raise CommitOutcomeUnknown

    with pytest.raises(CommitOutcomeUnknown):
        await world.consumer(losing_the_connection, leases=leases)(event)
    assert await world.state(event) == "processing"
    with pytest.raises(EventInProgress):
        await world.consumer(confirming)(event)
    assert await world.consumer(confirming, leases=leases)(event) == "result"


async def test_i9_two_handlers_of_one_event_never_overlap(world: World) -> None:
    event, running, most = message(), 0, 0

    async def watching(confirm: Confirm) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await world.clock.sleep(1)
        running -= 1
        await confirm()

    world.redis.latency = 0.1
    tasks = [asyncio.create_task(world.consumer(watching)(event)) for _ in range(10)]
    for _ in range(30):
        await world.clock.advance(0.1)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert most == 1
    assert sum(isinstance(result, EventInProgress) for result in results) == 9


@pytest.mark.parametrize(
    "wrong",
    [
        {"heartbeat_seconds": 3.0},
        {"liveness_ttl_seconds": 400.0},
        {"default_ttl_seconds": 10.0},
        {"event_type_ttls": {"SomethingV1": 1.0}},
        {"service_name": ""},
    ],
    ids=str,
)
def test_settings_that_contradict_each_other_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"TTL|ttl|service_name"):
        IdempotencyConfig(**{"service_name": "ledger_service", **wrong})
