"""What runs in a worker process: it alone loads the engine, and the service stays small."""

import re
import time
from dataclasses import dataclass

from common_core.domain_enums import Language
from common_core.models import Correction

_WORD = re.compile(r"[^\W_]+(?:['’‑-][^\W_]+)*")


@dataclass(frozen=True)
class Corrected:
    text: str
    corrections: tuple[Correction, ...]
    word_count: int
    duration_seconds: float


def prepare() -> str:
    """Build the indexes that are missing and load them; returns the engine's version."""
    from services.spellchecker_service import domain  # noqa: PLC0415 - see above

    for language in Language:
        domain.warm_up(language.value)
    return domain.engine_version()


@dataclass(frozen=True)
class ClassWords:
    """What may say that a word is right in this class; see `BatchProfile`."""

    assignment: str = ""
    glossary: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


def correct(text: str, language: Language, words: ClassWords) -> Corrected:
    from services.spellchecker_service import domain  # noqa: PLC0415 - see above

    begun = time.perf_counter()
    right = {
        *words.glossary,
        *domain.words_of_assignment(words.assignment, language.value),
        *domain.names_in_class(words.names, text, language.value),
    }
    corrections = domain.check(text, language.value, right)
    return Corrected(
        text=domain.apply(text, corrections),
        corrections=tuple(
            Correction.model_validate(correction, from_attributes=True)
            for correction in corrections
        ),
        word_count=sum(1 for _ in _WORD.finditer(text)),
        duration_seconds=time.perf_counter() - begun,
    )
