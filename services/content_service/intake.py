"""From an uploaded file to a stored text or a reason, said once."""

from http import HTTPStatus
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from common_core.events.essay_events import EssayContentProvisionedV1, EssayContentRejectedV1
from common_core.http_models import ReadFile
from common_core.identifiers import BatchId, TextId
from huleedu_service_libs.deletion import is_barred
from huleedu_service_libs.http import Problem
from huleedu_service_libs.transaction import Transactions
from services.content_service.domain import UnreadableFile, content_hash, word_count
from services.content_service.reading import Reader
from services.content_service.store import (
    File,
    Outcome,
    find_outcome,
    put_text,
    record_outcome,
)

_UPLOADED_BEFORE = "The file was uploaded to this batch before; it counts once."


class Intake:
    """The outcome of a file and its event are one transaction, and a repeated file says nothing."""

    def __init__(
        self,
        transactions: Transactions,
        sessions: async_sessionmaker[AsyncSession],
        reader: Reader,
    ) -> None:
        self._transactions = transactions
        self._sessions = sessions
        self._reader = reader

    async def take(self, file: File, data: bytes, correlation_id: UUID) -> ReadFile:
        known = await self._find(file)
        if known is not None:
            return _repeated(file, known)
        try:
            text = (await self._reader.read(file.name, data)).text
        except UnreadableFile as refused:
            outcome = Outcome(code=refused.code, reason=refused.reason)
            first = await self._reject(file, refused, correlation_id)
        else:
            outcome = Outcome(text_id=TextId(content_hash(text)))
            first = await self._provide(file, text, correlation_id)
        if first:
            return _answer(file, outcome)
        # Another request with the same file was quicker, and its outcome holds.
        return _repeated(file, await self._find(file) or outcome)

    async def _find(self, file: File) -> Outcome | None:
        async with self._sessions() as session:
            return await find_outcome(session, file)

    async def _provide(self, file: File, text: str, correlation_id: UUID) -> bool:
        async with self._transactions.begin(file.batch_id, correlation_id) as tx:
            await refuse_deleted(tx.session, file.batch_id)
            text_id = await put_text(tx.session, file.batch_id, text)
            first = await record_outcome(tx.session, file, Outcome(text_id=text_id))
            if first:
                provisioned = EssayContentProvisionedV1(
                    batch_id=file.batch_id,
                    file_name=file.name,
                    file_hash=file.hash,
                    text_id=text_id,
                    word_count=word_count(text),
                    character_count=len(text),
                )
                tx.emit(provisioned, discriminator=_discriminator(file))
        return first

    async def _reject(self, file: File, refused: UnreadableFile, correlation_id: UUID) -> bool:
        async with self._transactions.begin(file.batch_id, correlation_id) as tx:
            await refuse_deleted(tx.session, file.batch_id)
            outcome = Outcome(code=refused.code, reason=refused.reason)
            first = await record_outcome(tx.session, file, outcome)
            if first:
                rejected = EssayContentRejectedV1(
                    batch_id=file.batch_id,
                    file_name=file.name,
                    file_hash=file.hash,
                    code=refused.code,
                    reason=refused.reason,
                )
                tx.emit(rejected, discriminator=_discriminator(file))
        return first


async def refuse_deleted(session: AsyncSession, batch_id: BatchId) -> None:
    """Raises Problem 410 if the batch was deleted; if not, it is not before the commit."""
    if await is_barred(session, batch_id):
        raise Problem(HTTPStatus.GONE, "batch_deleted", "This batch was deleted.")


def _discriminator(file: File) -> str:
    return f"{file.hash}:{file.name}"


def _answer(file: File, outcome: Outcome) -> ReadFile:
    if outcome.code is not None:
        return ReadFile(file=file.name, status="rejected", code=outcome.code, reason=outcome.reason)
    return ReadFile(file=file.name, status="accepted", text_id=outcome.text_id)


def _repeated(file: File, known: Outcome) -> ReadFile:
    if known.code is not None:
        return _answer(file, known)
    return ReadFile(
        file=file.name,
        status="duplicate",
        code="duplicate",
        reason=_UPLOADED_BEFORE,
        text_id=known.text_id,
    )
