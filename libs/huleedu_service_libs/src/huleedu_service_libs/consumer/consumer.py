"""The only loop over aiokafka: poll -> lanes -> claim, transaction, confirm -> offsets.

One task polls and hands records to the lanes of the present assignment; one task commits what the
lanes have resolved. On revocation, and on `stop()`, the assignment drains within its budget and its
contiguous prefix is committed. Nothing is committed but explicit offsets of the present assignment.

The client is supervised: whatever comes out of it (a lost broker, a group the broker has forgotten)
closes it and opens a new one after a pause. Records that the old one had read but not resolved are
read again. A watchdog ends a poll loop that no longer comes round: aiokafka's own, the
`max_poll_interval_ms`, is off for good after one exception inside `getmany`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

import redis.asyncio
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError
from dishka import AsyncContainer

from huleedu_service_libs.clock import Clock, SystemClock
from huleedu_service_libs.consumer.assignment import Assignment
from huleedu_service_libs.consumer.config import ConsumerConfig
from huleedu_service_libs.consumer.processing import Processor
from huleedu_service_libs.consumer.sharing import SharedTransactions
from huleedu_service_libs.handled import ConsumerState, Observe
from huleedu_service_libs.idempotency.leases import Leases
from huleedu_service_libs.instrumentation import connection_lost, log_handled
from huleedu_service_libs.kafka_clients import stop_client
from huleedu_service_libs.routing import Router
from huleedu_service_libs.transaction import Transactions

_NOWHERE = TopicPartition("__nothing__", 0)
"""Asked for when no partition may be read.

An empty list would mean all of them, and no call would look like death.
"""
_LOOKS = 6
"""How often the watchdog looks before it bites. It counts its own looks, for a process that was
frozen has not polled for a long time either."""
_LIFELESS_STALLS = 5


class Consumer:
    """Consumes what the router hears. `observe` is told of every attempt."""

    def __init__(
        self,
        router: Router,
        config: ConsumerConfig,
        client: "redis.asyncio.Redis",
        transactions: Transactions,
        container: AsyncContainer,
        *,
        observe: Observe = log_handled,
        clock: Clock | None = None,
        connect: Callable[[ConsumerConfig], Any] | None = None,
    ) -> None:
        self.leases = Leases(client, config.idempotency, clock=clock)
        self._router = router
        self._config = config
        self._transactions = transactions
        self._container = container
        self._observe = observe
        self._clock = clock or SystemClock()
        self._connect = connect or aiokafka_client
        self._assignment: Assignment | None = None
        self._processor: Processor | None = None
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._committing: asyncio.Task[None] | None = None
        self._rounds = 0
        self._last_round = self._clock.monotonic()

    @property
    def assigned(self) -> bool:
        """Whether this consumer takes part.

        Connected, in the group, with its share of the partitions.
        """
        return self._assignment is not None

    async def check(self) -> None:
        """For readiness: returns if this consumer takes part; RuntimeError otherwise."""
        if not self.assigned:
            raise RuntimeError("no partitions are assigned yet")
        self._check_silence(self._config.poll_stall)

    async def check_alive(self) -> None:
        """For liveness: RuntimeError if it takes part no more and does not recover by itself."""
        if self._task is not None and self._task.done():
            raise RuntimeError("the consumer has ended")
        self._check_silence(_LIFELESS_STALLS * self._config.poll_stall)

    def _check_silence(self, longest: float) -> None:
        silence = self._seconds_since_poll
        if silence > longest:
            raise RuntimeError(f"the poll loop has not come round for {silence:.0f} s")

    @property
    def _seconds_since_poll(self) -> float:
        return self._clock.monotonic() - self._last_round

    def _came_round(self) -> None:
        self._rounds += 1
        self._last_round = self._clock.monotonic()

    @property
    def state(self) -> ConsumerState:
        assignment = self._assignment
        return ConsumerState(
            assigned=assignment is not None,
            pending=assignment.pending if assignment else 0,
            blocked_lanes=assignment.blocked_lanes if assignment else 0,
            longest_block_seconds=assignment.longest_block_seconds if assignment else 0.0,
            oldest_unresolved_seconds=assignment.oldest_unresolved_seconds if assignment else 0.0,
            seconds_since_poll=self._seconds_since_poll,
            leases=self.leases.held,
            degraded=self.leases.degraded,
        )

    @property
    def assignment(self) -> Assignment | None:
        return self._assignment

    async def start(self) -> None:
        """Fetch what the handlers need and begin; the broker is waited for in the background."""
        self._processor = await Processor.create(
            self._router,
            self._container,
            leases=self.leases,
            transactions=self._transactions,
            retry=self._config.retry,
            clock=self._clock,
        )
        self.leases.start()
        self._stopping.clear()
        self._task = asyncio.create_task(self._supervise(self._processor), name="consumer")

    async def stop(self) -> None:
        """Take no more events, finish or release what is under way, commit, leave the group."""
        self._stopping.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self.leases.stop()

    async def _supervise(self, processor: Processor) -> None:
        pause = 0.2
        while not self._stopping.is_set():
            client = self._connect(self._config)
            started = self._clock.monotonic()
            self._came_round()
            try:
                await self._consume(client, processor)
            except asyncio.CancelledError as error:
                if _is_cancelled():
                    raise
                connection_lost("consumer", error)  # one of the client's own that came out of it
            except Exception as error:  # noqa: BLE001 - whatever ended the client, the next one is tried
                connection_lost("consumer", error)
            finally:
                await self._close(client)
            if self._clock.monotonic() - started > self._config.longest_reconnect_pause:
                pause = 0.2
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()
            pause = min(pause * 2, self._config.longest_reconnect_pause)

    async def _consume(self, client: Any, processor: Processor) -> None:
        start = asyncio.ensure_future(client.start())
        await self._unless_stopping(start)
        if self._stopping.is_set():
            return
        listener = _Rebalance(
            revoked=partial(self._revoked, client), assigned=partial(self._assigned, processor)
        )
        client.subscribe(list(self._router.topics), listener=listener)
        await self._unless_stopping(asyncio.ensure_future(self._run(client)))

    async def _run(self, client: Any) -> None:
        """Until one of these ends, by what it raises: none of them ends otherwise."""
        tasks = [
            asyncio.create_task(self._poll_always(client)),
            asyncio.create_task(self._commit_regularly(client)),
            asyncio.create_task(self._watch()),
        ]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=self._config.commit_timeout)

    async def _watch(self) -> None:
        """The watchdog: TimeoutError once the poll loop has not come round for too long."""
        rounds, silent = self._rounds, 0
        while silent < _LOOKS:
            await self._clock.sleep(self._config.poll_stall / _LOOKS)
            silent = silent + 1 if self._rounds == rounds else 0
            rounds = self._rounds
        raise TimeoutError(f"no poll for {self._config.poll_stall:g} s")

    async def _poll_always(self, client: Any) -> None:
        while True:
            await self._poll(client)
            self._came_round()

    async def _unless_stopping(self, task: "asyncio.Future[None]") -> None:
        stopping = asyncio.ensure_future(self._stopping.wait())
        both: set[asyncio.Future[Any]] = {task, stopping}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
        finally:
            for future in both:
                future.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    async def _poll(self, client: Any) -> None:
        assignment = self._assignment
        ready = assignment.ready() if assignment else []
        if assignment and assignment.partitions and not ready:
            await client.getmany(_NOWHERE, timeout_ms=0)
            await assignment.changed(self._config.poll_wait)
            return
        records = await client.getmany(
            *(TopicPartition(*partition) for partition in ready),
            timeout_ms=round(self._config.poll_wait * 1000),
            max_records=self._config.max_poll_records,
        )
        if self._assignment is not None:
            for batch in records.values():
                self._assignment.accept(batch)

    async def _commit_regularly(self, client: Any) -> None:
        while True:
            await self._clock.sleep(self._config.commit_interval)
            if self._assignment is not None:
                self._committing = asyncio.create_task(self._commit(client, self._assignment))
                await asyncio.wait([self._committing])

    async def _commit(self, client: Any, assignment: Assignment) -> None:
        """Commit what this assignment may.

        A refusal means that another one has come, and is no loss.
        """
        offsets = assignment.to_commit()
        if not offsets:
            return
        try:
            async with asyncio.timeout(self._config.commit_timeout):
                await client.commit({TopicPartition(*tp): at for tp, at in offsets.items()})
        except (KafkaError, TimeoutError) as error:
            connection_lost("commit", error)
        else:
            assignment.committed(offsets)

    async def _revoked(self, client: Any) -> None:
        """Drain and commit; from here on nothing of this assignment can touch another one."""
        assignment, self._assignment = self._assignment, None
        if self._committing is not None:
            # aiokafka tries again by itself, and would under the generation that comes now.
            self._committing.cancel()
        if assignment is not None:
            await assignment.drain(self._config.drain_budget)
            await self.leases.release_unsettled()
            await self._commit(client, assignment)

    def _assigned(self, processor: Processor, partitions: Iterable[TopicPartition]) -> None:
        self._assignment = Assignment(
            [(partition.topic, partition.partition) for partition in partitions],
            SharedTransactions(processor),
            limits=self._config.limits,
            observe=self._observe,
            clock=self._clock,
        )

    async def _close(self, client: Any) -> None:
        await self._revoked(client)
        await stop_client(client, self._config.commit_timeout)


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class _Rebalance(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """aiokafka swallows what is raised here and waits for ever for what hangs: all is bounded."""

    def __init__(
        self,
        *,
        revoked: Callable[[], Awaitable[None]],
        assigned: Callable[[Iterable[TopicPartition]], None],
    ) -> None:
        self._revoked = revoked
        self._assigned = assigned

    async def on_partitions_revoked(self, revoked: "set[TopicPartition]") -> None:  # noqa: ARG002 - rebalancing is eager: it is all of them
        await self._revoked()

    async def on_partitions_assigned(self, assigned: "set[TopicPartition]") -> None:
        self._assigned(assigned)


def aiokafka_client(config: ConsumerConfig) -> Any:
    return AIOKafkaConsumer(
        bootstrap_servers=config.bootstrap_servers,
        **config.access,
        group_id=config.group,
        group_instance_id=config.instance_id,
        client_id=config.idempotency.service_name,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=round(config.session_timeout * 1000),
        heartbeat_interval_ms=round(config.session_timeout * 1000 / 5),  # also how soon a member
        # learns that another one has died
        rebalance_timeout_ms=round(config.rebalance_timeout * 1000),
        max_poll_interval_ms=300_000,
        metadata_max_age_ms=30_000,  # a topic made after the start, or given more partitions
        isolation_level="read_committed",
    )
