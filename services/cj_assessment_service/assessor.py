"""The slow part of an assessment: reading, judging and fitting, outside any transaction."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing, contextmanager

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from common_core.events.cj_events import CjAssessmentRequestedV1
from common_core.identifiers import RunId
from common_core.models import BatchProfile, EssayFailure, EssayText
from huleedu_service_libs.cpu import CpuPool
from huleedu_service_libs.errors import DatabaseUnavailable, PermanentError, TemporaryError
from huleedu_service_libs.texts import TextNotFound, Texts
from services.cj_assessment_service import computation, store
from services.cj_assessment_service.assessment import (
    Assessment,
    CannotAssess,
    Essay,
    JudgeIsDone,
    Pair,
    Step,
    in_order,
    refuse_if_too_many_given_up,
    seed_of,
)
from services.cj_assessment_service.computation import Plan
from services.cj_assessment_service.judges import Judge, Judges

_AT_ONCE = 8
"""Essays fetched and read at the same time."""

log = structlog.get_logger()


class Assessor:
    def __init__(
        self,
        engine: AsyncEngine,
        texts: Texts,
        pool: CpuPool,
        judges: Judges,
        plan: Plan,
        timeout_seconds: float,
    ) -> None:
        self._engine = engine
        self._texts = texts
        self._pool = pool
        self._judges = judges
        self._plan = plan
        self._timeout = timeout_seconds

    async def take_in(self, request: CjAssessmentRequestedV1) -> tuple[Assessment, Step]:
        """Read every essay and plan the first wave; CannotAssess if there is nothing to compare."""
        judge = self._judge(request.profile.judge)
        essays = in_order(request.essays)
        read = await self._read_all(judge, essays, request.profile)
        taken = tuple(essay for essay in read if isinstance(essay, Essay))
        failed = tuple(essay for essay in read if isinstance(essay, EssayFailure))
        if not taken:
            raise CannotAssess(failed[0].code, failed[0].reason)
        assessment = Assessment(
            run_id=request.run_id,
            batch_id=request.batch_id,
            fingerprint=request.fingerprint,
            judge=request.profile.judge,
            language=request.profile.language,
            assignment_text_id=request.profile.assignment_text_id,
            seed=seed_of(essay.text_id for essay in taken),
            grade_scale=request.profile.grade_scale,
            essays=taken,
            failed=failed,
        )
        return assessment, await self._advance(assessment, 0)

    async def judge_wave(self, assessment: Assessment, wave: int) -> Step | None:
        """Have a wave judged and see what follows; None if the wave is over already.

        Answers are stored before they count: a repeat takes them from the table. Raises
        CannotAssess where trying again would not help.
        """
        if assessment.closed or wave <= len(assessment.waves):
            return None
        pairs = assessment.unanswered(wave)
        end = None
        if pairs:
            try:
                await self._collect(assessment, pairs)
            except JudgeIsDone as done:
                end = done.reason
            assessment = await self.load(assessment.run_id)
            refuse_if_too_many_given_up(assessment)
        return await self._advance(assessment, wave, end)

    async def _collect(self, assessment: Assessment, pairs: list[Pair]) -> None:
        """Ask the judge about the pairs and store each portion of verdicts as it arrives."""
        judge = self._judge(assessment.judge)
        async with aclosing(judge.judge(assessment, pairs)) as portions:
            while True:
                with _never_twice():
                    verdicts = await anext(portions, None)
                if verdicts is None:
                    return
                async with AsyncSession(self._engine) as session, session.begin():
                    await store.keep_verdicts(
                        session, assessment.run_id, assessment.judge, verdicts
                    )

    async def load(self, run_id: RunId) -> Assessment:
        async with AsyncSession(self._engine) as session:
            assessment = await store.load_assessment(session, run_id)
        if assessment is None:
            raise PermanentError(f"run {run_id} has no assessment")
        return assessment

    def _judge(self, name: str) -> Judge:
        try:
            return self._judges[name]
        except KeyError:
            known = ", ".join(sorted(self._judges))
            raise CannotAssess(
                "unknown_judge", f'There is no judge called "{name}". There is: {known}.'
            ) from None

    async def _read_all(
        self, judge: Judge, essays: list[EssayText], profile: BatchProfile
    ) -> list[Essay | EssayFailure]:
        limit = asyncio.Semaphore(_AT_ONCE)
        anchors = {anchor.essay_id: anchor.grade for anchor in profile.anchors}

        async def read(essay: EssayText) -> Essay | EssayFailure:
            async with limit:
                try:
                    text = await self._text(essay)
                    with _never_twice():
                        notes = await judge.read(text, profile.language)
                except CannotAssess as refusal:
                    return failure_of(essay, refusal)
            return Essay(
                essay_id=essay.essay_id,
                file_name=essay.file_name,
                text_id=essay.text_id,
                anchor_grade=anchors.get(essay.essay_id),
                notes=notes,
            )

        try:
            async with asyncio.TaskGroup() as tasks:
                reading = [tasks.create_task(read(essay)) for essay in essays]
        except ExceptionGroup as group:  # the engine decides by the type of what went wrong
            raise group.exceptions[0] from group
        return [task.result() for task in reading]

    async def _text(self, essay: EssayText) -> str:
        try:
            return await self._texts.get(essay.text_id)
        except TextNotFound as error:
            raise CannotAssess(
                "text_missing", "The text of this essay is no longer stored. Upload the file again."
            ) from error

    async def _advance(self, assessment: Assessment, wave: int, end: str | None = None) -> Step:
        with _never_twice():
            return await self._pool.run(
                computation.advance,
                assessment,
                wave,
                self._plan,
                end,
                timeout_seconds=self._timeout,
            )


def failure_of(essay: EssayText, refusal: CannotAssess) -> EssayFailure:
    return EssayFailure(
        essay_id=essay.essay_id,
        file_name=essay.file_name,
        code=refusal.code,
        reason=refusal.reason,
    )


@contextmanager
def _never_twice() -> Iterator[None]:
    """What a pure function has failed at fails again: say so at once, instead of trying again."""
    try:
        yield
    except TimeoutError as error:
        raise CannotAssess("time_limit", "The comparison took longer than it may.") from error
    except (CannotAssess, JudgeIsDone, TemporaryError, OSError):
        raise
    except (DatabaseUnavailable, SQLAlchemyError):
        raise
    except Exception as error:
        log.exception("the comparison failed")
        raise CannotAssess(
            "assessment_failed", "The essays could not be compared: an error on our side."
        ) from error
