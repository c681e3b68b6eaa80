"""Texts, each kept once by its hash, and what became of every uploaded file."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String, Uuid, func, select
from sqlalchemy.dialects.postgresql import TIMESTAMP, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common_core.identifiers import BatchId, TextId
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


async def put_text(session: AsyncSession, text: str) -> TextId:
    """Keep the text, once however often it is put."""
    text_id = TextId(content_hash(text))
    await session.execute(
        insert(TextRow).values(text_id=text_id, content=text).on_conflict_do_nothing()
    )
    return text_id


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
