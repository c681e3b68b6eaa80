"""What calls to models cost, and what they have answered, in the service's database.

Before a call its worst cost is added to what its batch has committed, if the cap allows; after it
the true cost takes its place. A call whose answer was lost, because it took too long, the
connection broke or the process died, keeps its worst cost for ever: it may have been paid for. So
the sum never falls short of the bill, and no crash makes room for a call beyond the cap.

An answer and its cost are stored in one transaction. The same question later finds the answer.
"""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal, cast
from uuid import UUID, uuid4

import asyncpg
from sqlalchemy import DateTime, Index, Numeric, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from common_core.identifiers import BatchId, RunId
from huleedu_service_libs.deletion import is_barred
from huleedu_service_libs.errors import DatabaseUnavailable
from services.cj_assessment_service.assessment import Details, JudgeIsDone, Outcome, Winner
from services.cj_assessment_service.store import Base

CallEnd = Literal["verdict", "unusable", "not_served", "lost"]
"""`unusable` answers are paid for, calls `not_served` are free, `lost` ones may have been paid."""


class SpendingRow(Base):
    """What a batch has committed: costs that are known, and the worst of calls that are open."""

    __tablename__ = "model_spending"

    batch_id: Mapped[UUID] = mapped_column(primary_key=True)
    committed: Mapped[Decimal] = mapped_column(Numeric)


class CallRow(Base):
    """A call to a model. `ended` is None while it is under way, or if a crash has ended it."""

    __tablename__ = "model_calls"
    __table_args__ = (
        Index("model_calls_by_question", "question"),
        Index("model_calls_by_run", "run_id"),
    )

    call_id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID]
    run_id: Mapped[UUID]
    judge: Mapped[str]
    question: Mapped[str]
    worst_cost: Mapped[Decimal] = mapped_column(Numeric)
    cost: Mapped[Decimal | None] = mapped_column(Numeric)
    tokens_in: Mapped[int | None]
    tokens_out: Mapped[int | None]
    ended: Mapped[str | None]
    sent_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class AnswerRow(Base):
    """A verdict that was bought; the cache."""

    __tablename__ = "model_answers"

    question: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[UUID]
    winner: Mapped[str]
    degree: Mapped[int | None]
    reason: Mapped[str | None]
    latency_seconds: Mapped[float | None]
    tokens_in: Mapped[int | None]
    tokens_out: Mapped[int | None]
    cost: Mapped[Decimal | None] = mapped_column(Numeric)
    model: Mapped[str | None]
    prompt_version: Mapped[str | None]
    bought_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


@dataclass(frozen=True)
class Account:
    """Who spends, and how much the batch may cost altogether."""

    batch_id: BatchId
    run_id: RunId
    judge: str
    cap: Decimal


@dataclass(frozen=True)
class Bought:
    outcome: Outcome
    details: Details


@dataclass(frozen=True)
class Tried:
    """Earlier calls with one question."""

    unusable: int = 0
    """Answers without a verdict, in all runs."""
    paid: int = 0
    """What this run has, or may have, paid for without getting a verdict."""


@dataclass(frozen=True)
class Cost:
    """What a judge has cost. `known` was billed; `unknown` at most, for calls without an answer."""

    calls: int
    known: Decimal
    unknown: Decimal
    tokens_in: int
    tokens_out: int


class Ledger:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def answers(self, run_id: RunId, questions: Collection[str]) -> dict[str, Bought]:
        """The answers there are. What another run has paid for costs this one nothing."""
        async with self._transaction() as session:
            rows = await session.scalars(select(AnswerRow).where(AnswerRow.question.in_(questions)))
            return {row.question: _bought(row, run_id) for row in rows}

    async def tried(self, run_id: RunId, questions: Collection[str]) -> Mapping[str, Tried]:
        unusable = func.count().filter(CallRow.ended == "unusable")
        mine = CallRow.run_id == run_id
        paid = func.count().filter(mine & CallRow.ended.in_(("unusable", "lost")))
        async with self._transaction() as session:
            rows = await session.execute(
                select(CallRow.question, unusable, paid)
                .where(CallRow.question.in_(questions))
                .group_by(CallRow.question)
            )
            return {question: Tried(*counts) for question, *counts in rows}

    async def reserve(self, account: Account, question: str, worst_cost: Decimal) -> UUID | None:
        """Note that a call is about to be made; None if it could pass the cap.

        JudgeIsDone if the batch was deleted.
        """
        call_id = uuid4()
        async with self._transaction() as session:
            if await is_barred(session, account.batch_id):
                raise JudgeIsDone("The batch was deleted.")
            await _open_account(session, account.batch_id)
            room = (
                update(SpendingRow)
                .where(
                    SpendingRow.batch_id == account.batch_id,
                    SpendingRow.committed + worst_cost <= account.cap,
                )
                .values(committed=SpendingRow.committed + worst_cost)
                .returning(SpendingRow.batch_id)
            )
            if await session.scalar(room) is None:
                return None
            session.add(
                CallRow(
                    call_id=call_id,
                    batch_id=account.batch_id,
                    run_id=account.run_id,
                    judge=account.judge,
                    question=question,
                    worst_cost=worst_cost,
                )
            )
        return call_id

    async def settle(
        self, call_id: UUID, ended: CallEnd, details: Details, outcome: Outcome | None = None
    ) -> None:
        """Note how a call ended, and keep its verdict. A cost of None is the worst cost."""
        async with self._transaction() as session:
            call = await session.get(CallRow, call_id, with_for_update=True)
            if call is None or call.ended is not None:
                return
            call.ended = ended
            call.ended_at = func.now()
            call.cost = details.cost
            call.tokens_in = details.tokens_in
            call.tokens_out = details.tokens_out
            if details.cost is not None:
                await session.execute(
                    update(SpendingRow)
                    .where(SpendingRow.batch_id == call.batch_id)
                    .values(committed=SpendingRow.committed - call.worst_cost + details.cost)
                )
            if outcome is not None:
                await session.execute(
                    insert(AnswerRow)
                    .values(
                        question=call.question,
                        run_id=call.run_id,
                        winner=outcome.winner,
                        degree=outcome.degree,
                        **vars(details),
                    )
                    .on_conflict_do_nothing()
                )

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncSession]:
        try:
            async with AsyncSession(self._engine) as session, session.begin():
                yield session
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise DatabaseUnavailable(f"{type(error).__name__}: {error}") from error


async def costs(session: AsyncSession, run_id: RunId) -> dict[str, Cost]:
    """What each judge that is a model has cost in a run, by its name."""
    rows = await session.execute(
        select(
            CallRow.judge,
            func.count(),
            func.sum(CallRow.cost),
            func.sum(CallRow.worst_cost).filter(CallRow.cost.is_(None)),
            func.sum(CallRow.tokens_in),
            func.sum(CallRow.tokens_out),
        )
        .where(CallRow.run_id == run_id)
        .group_by(CallRow.judge)
    )
    return {
        judge: Cost(calls, known or Decimal(0), unknown or Decimal(0), came or 0, went or 0)
        for judge, calls, known, unknown, came, went in rows
    }


async def _open_account(session: AsyncSession, batch_id: BatchId) -> None:
    await session.execute(
        insert(SpendingRow).values(batch_id=batch_id, committed=0).on_conflict_do_nothing()
    )


def _bought(row: AnswerRow, run_id: RunId) -> Bought:
    details = Details(
        reason=row.reason,
        latency_seconds=row.latency_seconds,
        tokens_in=row.tokens_in,
        tokens_out=row.tokens_out,
        cost=row.cost,
        model=row.model,
        prompt_version=row.prompt_version,
    )
    if row.run_id != run_id:
        details = replace(details, latency_seconds=0.0, tokens_in=0, tokens_out=0, cost=Decimal(0))
    return Bought(Outcome(cast("Winner", row.winner), row.degree), details)
