"""Who compares: one protocol for every judge, and the one that needs no network."""

from collections.abc import Sequence
from typing import Protocol

from common_core.domain_enums import Language
from huleedu_service_libs.cpu import CpuPool
from services.cj_assessment_service import computation
from services.cj_assessment_service.assessment import Essay, Notes, Outcome, Pair

OFFLINE = "offline"


class Judge(Protocol):
    async def read(self, text: str, language: Language) -> Notes:
        """What the judge keeps of an essay; asked once for each."""

    async def judge(self, essays: Sequence[Essay], pairs: Sequence[Pair]) -> list[Outcome]:
        """One outcome for each pair, in their order. Called outside any transaction."""


class Judges(dict[str, Judge]):
    """The judges there are, by name."""


class OfflineJudge:
    """Looks at the surface of a text only: a demonstration, not for grading."""

    def __init__(self, pool: CpuPool, timeout_seconds: float) -> None:
        self._pool = pool
        self._timeout = timeout_seconds

    async def read(self, text: str, language: Language) -> Notes:
        return await self._pool.run(
            computation.measure, text, language, timeout_seconds=self._timeout
        )

    async def judge(self, essays: Sequence[Essay], pairs: Sequence[Pair]) -> list[Outcome]:
        return await self._pool.run(
            computation.judge_offline,
            [essay.notes for essay in essays],
            list(pairs),
            timeout_seconds=self._timeout,
        )
