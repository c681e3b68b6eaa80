"""What a check says of a text, and the figures that describe it."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass

from common_core.domain_enums import Language
from common_core.identifiers import TextId
from common_core.models import Correction


@dataclass(frozen=True)
class CheckKey:
    """All that a check depends on: equal keys have equal results.

    What the class knows is in three parts: the assignment's text, the words its teacher named,
    and those of its file names.
    """

    text_id: TextId
    language: Language
    assignment_text_id: TextId | None
    glossary: tuple[str, ...]
    names: tuple[str, ...]
    engine_version: str

    @property
    def glossary_hash(self) -> str:
        """SHA-256 of the class's words; empty if there are none."""
        if not self.glossary and not self.names:
            return ""
        canonical = json.dumps([sorted(self.glossary), sorted(self.names)])
        return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True)
class Check:
    key: CheckKey
    corrected_text_id: TextId
    corrections: tuple[Correction, ...]
    word_count: int
    duration_seconds: float

    @property
    def by_kind(self) -> dict[str, int]:
        return dict(Counter(correction.kind.value for correction in self.corrections))

    @property
    def density(self) -> float:
        """Corrections per 100 words."""
        return 100 * len(self.corrections) / self.word_count if self.word_count else 0.0
