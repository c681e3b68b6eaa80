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
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self not in {BatchStatus.AWAITING_ESSAYS, BatchStatus.RUNNING}


class RunControl(StrEnum):
    """What the owner of a batch wants of the run under way."""

    GO_ON = "go_on"
    PAUSE = "pause"
    FINISH = "finish"
    """End with what there is."""
    CANCEL = "cancel"


class CorrectionKind(StrEnum):
    SPELLING = "spelling"
    SPLIT = "split"
    JOIN = "join"
    CAPITAL = "capital"
    REAL_WORD = "real_word"
