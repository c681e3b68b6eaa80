from uuid import UUID, uuid4

import pytest

from common_core.domain_enums import Language, PhaseName
from common_core.identifiers import EssayId, TextId
from common_core.models import Anchor, BatchProfile, EssayText
from common_core.phases import PHASES, Phase, fingerprint, phase_named, with_dependencies
from common_core.topics import event_type_of

SPELLCHECK = phase_named(PhaseName.SPELLCHECK)
COMPARISON = phase_named(PhaseName.CJ_ASSESSMENT)
A = EssayText(essay_id=EssayId(UUID(int=1)), file_name="a.txt", text_id=TextId("aa"))
B = EssayText(essay_id=EssayId(UUID(int=2)), file_name="b.txt", text_id=TextId("bb"))
PROFILE = BatchProfile(language=Language.ENGLISH, judge="offline")


def test_a_phase_brings_what_it_depends_on_before_itself() -> None:
    assert with_dependencies([PhaseName.CJ_ASSESSMENT]) == (SPELLCHECK, COMPARISON)
    assert with_dependencies([PhaseName.SPELLCHECK]) == (SPELLCHECK,)
    assert with_dependencies([PhaseName.CJ_ASSESSMENT, PhaseName.SPELLCHECK]) == PHASES


def test_every_phase_stands_after_its_dependencies_and_has_its_events_in_the_table() -> None:
    seen: set[PhaseName] = set()
    for phase in PHASES:
        assert set(phase.depends_on) <= seen
        seen.add(phase.name)
        assert set(phase.profile_fields) <= set(BatchProfile.model_fields)
        for model in (phase.command, phase.request, phase.completed):
            event_type_of(model)


def test_a_fingerprint_does_not_depend_on_the_order_of_the_essays() -> None:
    assert fingerprint(COMPARISON, [A, B], PROFILE) == fingerprint(COMPARISON, [B, A], PROFILE)


@pytest.mark.parametrize(
    "changed",
    [
        A.model_copy(update={"text_id": TextId("cc")}),
        A.model_copy(update={"essay_id": EssayId(uuid4())}),
    ],
    ids=["text", "essay"],
)
def test_a_fingerprint_depends_on_each_essay_and_its_text(changed: EssayText) -> None:
    assert fingerprint(SPELLCHECK, [A], PROFILE) != fingerprint(SPELLCHECK, [changed], PROFILE)


def test_a_file_name_does_not_change_a_fingerprint() -> None:
    renamed = A.model_copy(update={"file_name": "z.txt"})
    assert fingerprint(SPELLCHECK, [A], PROFILE) == fingerprint(SPELLCHECK, [renamed], PROFILE)


@pytest.mark.parametrize(
    ("phase", "matters"), [(SPELLCHECK, False), (COMPARISON, True)], ids=["spelling", "comparison"]
)
def test_only_what_a_phase_looks_at_changes_its_fingerprint(phase: Phase, matters: bool) -> None:  # noqa: FBT001 — a parameter of the test
    for update in ({"judge": "other"}, {"anchors": (Anchor(essay_id=A.essay_id, grade="B"),)}):
        other = PROFILE.model_copy(update=update)
        assert (fingerprint(phase, [A], PROFILE) != fingerprint(phase, [A], other)) is matters


def test_phases_do_not_share_fingerprints() -> None:
    assert fingerprint(SPELLCHECK, [A], PROFILE) != fingerprint(COMPARISON, [A], PROFILE)
