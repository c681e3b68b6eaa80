"""The judge that needs no network."""

from collections.abc import AsyncGenerator, Sequence

from common_core.domain_enums import Language
from huleedu_service_libs.cpu import CpuPool
from services.cj_assessment_service import computation
from services.cj_assessment_service.assessment import Assessment, Notes, Pair, Verdict

OFFLINE = "offline"
VERSION = "1"
"""Changes with what it looks at and how that is weighed."""


class OfflineJudge:
    """Looks at the surface of a text only: a demonstration, not for grading."""

    def __init__(self, pool: CpuPool, timeout_seconds: float) -> None:
        self._pool = pool
        self._timeout = timeout_seconds

    async def read(self, text: str, language: Language) -> Notes:
        return await self._pool.run(
            computation.measure, text, language, timeout_seconds=self._timeout
        )

    def version(self, assessment: Assessment) -> str:  # noqa: ARG002 - the protocol
        return VERSION

    async def judge(
        self, assessment: Assessment, pairs: Sequence[Pair]
    ) -> AsyncGenerator[Sequence[Verdict], None]:
        outcomes = await self._pool.run(
            computation.judge_offline,
            [essay.notes for essay in assessment.essays],
            list(pairs),
            timeout_seconds=self._timeout,
        )
        yield [Verdict(pair, outcome) for pair, outcome in zip(pairs, outcomes, strict=True)]
