"""The slow part of an assessment: reading, judging and fitting, outside any transaction."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from dataclasses import replace

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from common_core.domain_enums import RunControl
from common_core.events.cj_events import CjAssessmentRequestedV1
from common_core.identifiers import RunId
from common_core.judges import PEOPLE, judges_named
from common_core.models import BatchProfile, EssayFailure, EssayText
from huleedu_service_libs.cpu import CpuPool
from huleedu_service_libs.deletion import is_barred
from huleedu_service_libs.errors import DatabaseUnavailable, PermanentError, TemporaryError
from huleedu_service_libs.texts import TextNotFound, Texts
from huleedu_service_libs.together import all_of
from services.cj_assessment_service import computation, controls, store
from services.cj_assessment_service.assessment import (
    INHERITED,
    Assessment,
    CannotAssess,
    Essay,
    JudgeIsDone,
    Pair,
    Step,
    in_order,
    inherit,
    refuse_if_nobody_is_left,
    refuse_if_too_many_given_up,
    seed_of,
)
from services.cj_assessment_service.computation import Plan
from services.cj_assessment_service.judges import Judge, Judges
from services.cj_assessment_service.metrics import count_verdicts

FINISHED_EARLY = "Comparing was ended early, with the comparisons there were."
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
        readers = self._readers(request.profile.judge)
        essays = in_order(request.essays)
        read = await self._read_all(readers, essays, request.profile)
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
            rubric_text_id=request.profile.rubric_text_id,
            seed=seed_of(essay.text_id for essay in taken),
            grade_scale=request.profile.grade_scale,
            essays=taken,
            failed=failed,
            extra_comparisons=request.profile.extra_comparisons,
        )
        versions = {name: judge.version(assessment) for name, judge in readers.items()}
        assessment = replace(assessment, versions=versions)
        async with AsyncSession(self._engine) as session:
            runs = await store.earlier_runs(session, assessment)
        earlier = [await self.load(run_id) for run_id in runs]
        assessment = inherit(assessment, earlier)
        return assessment, await self._advance(assessment, INHERITED)

    async def judge_wave(self, assessment: Assessment, wave: int) -> Step | None:
        """Have a wave judged and see what follows; None if nothing does at present.

        That is so if the wave is over already, if the run is paused or over, and while people have
        pairs of the wave. Answers are stored before they count: a repeat takes them from the
        table. Raises CannotAssess where trying again would not help.
        """
        retired: dict[str, str] = {}
        if _may_judge(assessment, wave):
            for name in assessment.at_work:
                pairs = assessment.unanswered(wave, name)
                if pairs and name != PEOPLE:
                    retired |= await self._collect(assessment, name, pairs)
            assessment = await self.load(assessment.run_id)
            refuse_if_too_many_given_up(assessment)
        assessment = replace(assessment, retired=assessment.retired | retired)
        if assessment.control is RunControl.FINISH and not _over(assessment, wave):
            return await self._advance(assessment, wave, FINISHED_EARLY)
        if not _may_judge(assessment, wave) or assessment.waits_for_people(wave):
            return None
        refuse_if_nobody_is_left(assessment)
        return await self._advance(assessment, wave)

    async def _collect(
        self, assessment: Assessment, name: str, pairs: list[Pair]
    ) -> dict[str, str]:
        """Ask a judge about pairs and store each portion of verdicts as it arrives.

        Ends early, with what there is, when the owner wants no more. If the judge is done for
        good, the answer is its name with why.
        """
        judge = self._judge(name)
        if assessment.versions.get(name) not in {None, judge.version(assessment)}:
            return {name: f'The judge "{name}" has been set up anew since the comparing began.'}
        async with aclosing(judge.judge(assessment.as_seen_by(name), pairs)) as portions:
            while True:
                try:
                    with _never_twice():
                        verdicts = await anext(portions, None)
                except JudgeIsDone as done:
                    return {name: done.reason}
                if verdicts is None:
                    return {}
                async with AsyncSession(self._engine) as session, session.begin():
                    if await is_barred(session, assessment.batch_id):
                        return {}
                    await store.keep_verdicts(session, assessment.run_id, name, verdicts)
                    now = await controls.control_of(session, assessment.run_id)
                count_verdicts(name, verdicts)
                if now.control is not RunControl.GO_ON:
                    return {}

    async def load(self, run_id: RunId) -> Assessment:
        async with AsyncSession(self._engine) as session:
            assessment = await store.load_assessment(session, run_id)
            control = await controls.control_of(session, run_id)
        if assessment is None:
            raise PermanentError(f"run {run_id} has no assessment")
        return control.over(assessment)

    def _judge(self, name: str) -> Judge:
        try:
            return self._judges[name]
        except KeyError:
            known = ", ".join(sorted({*self._judges, PEOPLE}))
            raise CannotAssess(
                "unknown_judge", f'There is no judge called "{name}". There is: {known}.'
            ) from None

    def _readers(self, judge: str) -> dict[str, Judge]:
        """Those of the judges named that look at an essay beforehand."""
        try:
            names = judges_named(judge)
        except ValueError as error:
            raise CannotAssess("unknown_judge", str(error)) from error
        return {name: self._judge(name) for name in names if name != PEOPLE}

    async def _read_all(
        self, readers: dict[str, Judge], essays: list[EssayText], profile: BatchProfile
    ) -> list[Essay | EssayFailure]:
        limit = asyncio.Semaphore(_AT_ONCE)
        anchors = {anchor.essay_id: anchor.grade for anchor in profile.anchors}

        async def read(essay: EssayText) -> Essay | EssayFailure:
            async with limit:
                try:
                    text = await self._text(essay)
                    with _never_twice():
                        notes = {
                            name: await judge.read(text, profile.language)
                            for name, judge in readers.items()
                        }
                except CannotAssess as refusal:
                    return failure_of(essay, refusal)
            return Essay(
                essay_id=essay.essay_id,
                file_name=essay.file_name,
                text_id=essay.text_id,
                anchor_grade=anchors.get(essay.essay_id),
                notes=notes,
            )

        return await all_of(*map(read, essays))

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


def _over(assessment: Assessment, wave: int) -> bool:
    return assessment.closed or wave <= assessment.last_wave


def _may_judge(assessment: Assessment, wave: int) -> bool:
    return not _over(assessment, wave) and assessment.control is RunControl.GO_ON


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
