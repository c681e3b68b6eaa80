"""The smallest complete service: hears one event, keeps it, says another, answers one question."""

from http import HTTPStatus
from pathlib import Path
from uuid import UUID, uuid4

from dishka import FromDishka
from quart import Blueprint, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from common_core.events.cj_events import CjWaveRequestedV1
from common_core.events.envelope import EventEnvelope
from common_core.identifiers import BatchId, RunId
from huleedu_service_libs.config import ServiceSettings
from huleedu_service_libs.http import correlation_id, inject
from huleedu_service_libs.routing import Router
from huleedu_service_libs.service import Service
from huleedu_service_libs.transaction import Transaction, Transactions


class Settings(ServiceSettings):
    service_name: str = "sample_service"
    port: int = 8999


router = Router()
api = Blueprint("sample", __name__)


@router.on(CjWaveRequestedV1)
async def note_wave(event: EventEnvelope[CjWaveRequestedV1], tx: Transaction) -> None:
    await tx.session.execute(
        text("INSERT INTO waves VALUES (:batch, :wave)"),
        {"batch": event.data.batch_id, "wave": event.data.wave},
    )


@api.post("/waves/<uuid:batch_id>/<int:wave>")
@inject
async def ask_for_wave(
    batch_id: UUID, wave: int, transactions: FromDishka[Transactions]
) -> Response:
    async with transactions.begin(uuid4(), correlation_id()) as tx:
        tx.emit(CjWaveRequestedV1(batch_id=BatchId(batch_id), run_id=RunId(batch_id), wave=wave))
    return Response(status=HTTPStatus.ACCEPTED)


@api.get("/waves/<uuid:batch_id>")
@inject
async def waves(
    batch_id: UUID, sessions: FromDishka[async_sessionmaker[AsyncSession]]
) -> dict[str, list[int]]:
    async with sessions() as session:
        rows = await session.scalars(
            text("SELECT wave FROM waves WHERE batch = :batch ORDER BY wave"), {"batch": batch_id}
        )
        return {"waves": list(rows)}


if __name__ == "__main__":
    Service(
        Settings(),
        router=router,
        blueprints=[api],
        migrations=Path(__file__).parent / "migrations",
    ).run()
