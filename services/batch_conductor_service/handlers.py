from collections.abc import Awaitable, Callable

from common_core.events.deletion_events import BatchDeletedV1
from common_core.events.envelope import EventEnvelope
from common_core.events.phase_events import PhaseCompleted, PhaseEngineStarted
from common_core.phases import PHASES, Phase
from huleedu_service_libs.deletion import forgetting
from huleedu_service_libs.routing import Router
from huleedu_service_libs.transaction import Transaction
from services.batch_conductor_service.domain import reusable
from services.batch_conductor_service.store import file_result, forget, remember_engine

router = Router()


def file_results_of(
    phase: Phase,
) -> Callable[[EventEnvelope[PhaseCompleted], Transaction], Awaitable[None]]:
    async def file_phase_result(event: EventEnvelope[PhaseCompleted], tx: Transaction) -> None:
        """What went well once need not be done again."""
        if reusable(phase, event.data):
            await file_result(tx.session, phase.name, event.data)

    return file_phase_result


def remember_engine_of(
    phase: Phase,
) -> Callable[[EventEnvelope[PhaseEngineStarted], Transaction], Awaitable[None]]:
    async def remember(event: EventEnvelope[PhaseEngineStarted], tx: Transaction) -> None:
        """What another version has made is not taken over any more."""
        version = event.data.engine_version
        await remember_engine(tx.session, phase.name, version, event.event_timestamp)

    return remember


router.work(BatchDeletedV1)(forgetting(forget))
for _phase in PHASES:
    router.on(_phase.completed)(file_results_of(_phase))
    if _phase.engine_started is not None:
        router.on(_phase.engine_started)(remember_engine_of(_phase))
