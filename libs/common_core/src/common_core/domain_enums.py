from enum import StrEnum


class Language(StrEnum):
    ENGLISH = "en"
    SWEDISH = "sv"


class PhaseName(StrEnum):
    SPELLCHECK = "spellcheck"
    CJ_ASSESSMENT = "cj_assessment"


class BatchStatus(StrEnum):
    AWAITING_ESSAYS = "awaiting_essays"
    RUNNING = "running"
    COMPLETED = "completed"
    COMPLETED_WITH_FAILURES = "completed_with_failures"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        return self not in {BatchStatus.AWAITING_ESSAYS, BatchStatus.RUNNING}


class CorrectionKind(StrEnum):
    SPELLING = "spelling"
    SPLIT = "split"
    JOIN = "join"
    CAPITAL = "capital"
    REAL_WORD = "real_word"
