"""Texts, each kept once by its hash, and what became of every uploaded file."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Uuid, delete, func, select
from sqlalchemy.dialects.postgresql import TIMESTAMP, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common_core.identifiers import BatchId, TextId
from huleedu_service_libs.deletion import delete_rows
from services.content_service.domain import content_hash


class Base(DeclarativeBase):
    pass


class TextRow(Base):
    __tablename__ = "texts"

    text_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True), server_default=func.now()
    )


class UploadRow(Base):
    """One file of one batch; its outcome never changes."""

    __tablename__ = "uploads"

    batch_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    file_name: Mapped[str] = mapped_column(primary_key=True)
    file_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    text_id: Mapped[str | None] = mapped_column(ForeignKey("texts.text_id"))
    code: Mapped[str | None]
    reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True), server_default=func.now()
    )


class UseRow(Base):
    """A batch that has a text: one of its essays, a corrected one, or its assignment."""

    __tablename__ = "uses"
    __table_args__ = (Index("uses_of_text", "text_id"),)

    batch_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    text_id: Mapped[str] = mapped_column(String(64), ForeignKey("texts.text_id"), primary_key=True)


@dataclass(frozen=True)
class File:
    """An uploaded file: the same name and hash in a batch is the same file."""

    batch_id: BatchId
    name: str
    hash: str


@dataclass(frozen=True)
class Outcome:
    """Either the text that came out of a file, or why none did."""

    text_id: TextId | None = None
    code: str | None = None
    reason: str | None = None


async def put_text(session: AsyncSession, batch_id: BatchId, text: str) -> TextId:
    """Keep the text for the batch, once however often it is put.

    A text that is there is locked: it cannot go with another batch before it has its use.
    """
    text_id = TextId(content_hash(text))
    kept = insert(TextRow).values(text_id=text_id, content=text)
    await session.execute(
        kept.on_conflict_do_update(
            index_elements=[TextRow.text_id], set_={"text_id": kept.excluded.text_id}
        )
    )
    await _use(session, batch_id, text_id)
    return text_id


async def use_text(session: AsyncSession, batch_id: BatchId, text_id: TextId) -> bool:
    """Keep a text that is there for the batch too; False if there is none."""
    found = await session.scalar(
        select(TextRow.text_id).where(TextRow.text_id == text_id).with_for_update(key_share=True)
    )
    if found is None:
        return False
    await _use(session, batch_id, text_id)
    return True


async def _use(session: AsyncSession, batch_id: BatchId, text_id: TextId) -> None:
    await session.execute(
        insert(UseRow).values(batch_id=batch_id, text_id=text_id).on_conflict_do_nothing()
    )


async def forget(session: AsyncSession, batch_id: BatchId) -> dict[str, int]:
    """With the texts that no other batch has.

    They are locked before other batches' uses are looked for: who puts one meanwhile is waited for.
    """
    mine = UseRow.batch_id == batch_id
    texts = await session.scalars(
        select(TextRow.text_id)
        .where(TextRow.text_id.in_(select(UseRow.text_id).where(mine)))
        .order_by(TextRow.text_id)
        .with_for_update()
    )
    used = select(UseRow.text_id).where(UseRow.text_id == TextRow.text_id)
    return await delete_rows(
        session,
        delete(UploadRow).where(UploadRow.batch_id == batch_id),
        delete(UseRow).where(mine),
        delete(TextRow).where(TextRow.text_id.in_(list(texts)), ~used.exists()),
    )


async def get_text(session: AsyncSession, text_id: TextId) -> str | None:
    return await session.scalar(select(TextRow.content).where(TextRow.text_id == text_id))


async def find_outcome(session: AsyncSession, file: File) -> Outcome | None:
    row = await session.get(UploadRow, (file.batch_id, file.name, file.hash))
    if row is None:
        return None
    text_id = None if row.text_id is None else TextId(row.text_id)
    return Outcome(text_id, row.code, row.reason)


async def record_outcome(session: AsyncSession, file: File, outcome: Outcome) -> bool:
    """Tell whether this is the first outcome of the file; a later one changes nothing."""
    recorded = await session.scalar(
        insert(UploadRow)
        .values(
            batch_id=file.batch_id,
            file_name=file.name,
            file_hash=file.hash,
            text_id=outcome.text_id,
            code=outcome.code,
            reason=outcome.reason,
        )
        .on_conflict_do_nothing()
        .returning(UploadRow.file_hash)
    )
    return recorded is not None
