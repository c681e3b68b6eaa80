"""Who compares: one protocol for every judge."""

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from common_core.domain_enums import Language
from services.cj_assessment_service.assessment import Assessment, Notes, Pair, Verdict


class Judge(Protocol):
    async def read(self, text: str, language: Language) -> Notes:
        """What the judge keeps of an essay; asked once for each."""

    def version(self, assessment: Assessment) -> str:
        """What it judges with and by: verdicts of another version are another judge's."""

    def judge(
        self, assessment: Assessment, pairs: Sequence[Pair]
    ) -> AsyncGenerator[Sequence[Verdict], None]:
        """A verdict for each pair, in any order, in portions as they arrive.

        Called outside any transaction; whoever calls stores a portion before asking for the next.
        Raises CannotAssess if there is no point in going on, and JudgeIsDone if the judge answers
        no more, for instance because its money is spent, and what it has said so far counts.
        """


class Judges(dict[str, Judge]):
    """The judges there are, by name."""
