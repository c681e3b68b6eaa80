"""The phases of a pipeline, as data: a new one is a row here, its events, and a service."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from common_core.domain_enums import PhaseName
from common_core.events.cj_events import (
    BatchCjAssessmentInitiateCommandV1,
    CjAssessmentCompletedV1,
    CjAssessmentRequestedV1,
)
from common_core.events.phase_events import (
    PhaseCommand,
    PhaseCompleted,
    PhaseEngineStarted,
    PhaseRequest,
)
from common_core.events.spellcheck_events import (
    BatchSpellcheckInitiateCommandV1,
    EssaySpellcheckRequestedV1,
    SpellcheckEngineStartedV1,
    SpellcheckPhaseCompletedV1,
)
from common_core.models import BatchProfile, EssayText


class Scope(StrEnum):
    ESSAY = "essay"
    """One request per essay: they are independent."""
    BATCH = "batch"
    """One request for all: the essays are seen together."""


@dataclass(frozen=True)
class Phase:
    name: PhaseName
    title: str
    depends_on: tuple[PhaseName, ...]
    scope: Scope
    command: type[PhaseCommand]
    request: type[PhaseRequest]
    completed: type[PhaseCompleted]
    profile_fields: tuple[str, ...]
    """The fields of the profile that change the answer."""
    engine_started: type[PhaseEngineStarted] | None = None
    """Says which version answers, where another one may answer otherwise."""


PHASES: tuple[Phase, ...] = (
    Phase(
        name=PhaseName.SPELLCHECK,
        title="Spelling",
        depends_on=(),
        scope=Scope.ESSAY,
        command=BatchSpellcheckInitiateCommandV1,
        request=EssaySpellcheckRequestedV1,
        completed=SpellcheckPhaseCompletedV1,
        profile_fields=("language", "assignment_text_id", "glossary", "names"),
        engine_started=SpellcheckEngineStartedV1,
    ),
    Phase(
        name=PhaseName.CJ_ASSESSMENT,
        title="Comparison",
        depends_on=(PhaseName.SPELLCHECK,),
        scope=Scope.BATCH,
        command=BatchCjAssessmentInitiateCommandV1,
        request=CjAssessmentRequestedV1,
        completed=CjAssessmentCompletedV1,
        profile_fields=(
            "language",
            "assignment_text_id",
            "rubric_text_id",
            "judge",
            "grade_scale",
            "anchors",
            "extra_comparisons",
        ),
    ),
)
"""In an order in which each comes after what it depends on."""

_BY_NAME = {phase.name: phase for phase in PHASES}


def phase_named(name: PhaseName) -> Phase:
    return _BY_NAME[name]


def with_dependencies(names: Iterable[PhaseName]) -> tuple[Phase, ...]:
    """The phases named and all they depend on, in the order in which they run."""
    needed: set[PhaseName] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in needed:
            needed.add(name)
            pending.extend(_BY_NAME[name].depends_on)
    return tuple(phase for phase in PHASES if phase.name in needed)


def fingerprint(phase: Phase, essays: Sequence[EssayText], profile: BatchProfile) -> str:
    """SHA-256 of all that the phase's answer depends on, whatever the order of the essays."""
    settings = profile.model_dump(mode="json", include=set(phase.profile_fields))
    for later in ("extra_comparisons", "rubric_text_id"):  # as before there was such a thing
        if not settings.get(later):
            settings.pop(later, None)
    settings["anchors"] = sorted(
        (anchor["essay_id"], anchor["grade"]) for anchor in settings.get("anchors", ())
    )
    texts = sorted((str(essay.essay_id), essay.text_id) for essay in essays)
    canonical = json.dumps([phase.name, texts, settings], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
