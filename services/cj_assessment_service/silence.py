"""People who do not come: after a while the comparing goes on, or ends, without them."""

from uuid import uuid5

from dishka import FromDishka

from common_core.domain_enums import RunControl
from common_core.events.cj_events import CjWaveRequestedV1
from common_core.judges import PEOPLE
from huleedu_service_libs.transaction import Transactions
from services.cj_assessment_service import store
from services.cj_assessment_service.config import Settings
from services.cj_assessment_service.controls import control_of

_DAY = 86_400


async def go_on_without_people(
    transactions: FromDishka[Transactions], settings: FromDishka[Settings]
) -> None:
    """Ask for the wave again that waits for them, so that what is there counts."""
    patience = settings.cj_people_patience_seconds
    async with transactions.sessions() as session:
        silent = await store.silent_for(session, patience)
    for run_id, batch_id in silent:
        async with transactions.begin(uuid5(run_id, "people are silent"), batch_id) as tx:
            if not await store.lock_assessment(tx.session, run_id):
                continue
            control = await control_of(tx.session, run_id)
            assessment = await store.load_assessment(tx.session, run_id)
            if assessment is None or control.control is not RunControl.GO_ON:
                continue
            wave = assessment.last_wave + 1
            if not assessment.waits_for_people(wave):
                continue
            reason = f"People have compared nothing for {_span(patience)}."
            await store.retire(tx.session, run_id, assessment.retired | {PEOPLE: reason})
            tx.emit(CjWaveRequestedV1(batch_id=batch_id, run_id=run_id, wave=wave))


def _span(seconds: float) -> str:
    days = round(seconds / _DAY)
    return f"{days} days" if days > 1 else f"{max(round(seconds / 3600), 1)} hours"
