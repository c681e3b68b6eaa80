from common_core.phases import PHASES
from common_core.topics import event_type_of
from services.essay_lifecycle_service.handlers import router


def test_every_phase_is_heard_without_being_named() -> None:
    for phase in PHASES:
        for model in (phase.command, phase.completed):
            assert event_type_of(model).topic in router.topics
