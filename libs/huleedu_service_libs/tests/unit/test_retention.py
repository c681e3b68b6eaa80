"""How long the inbox must remember."""

import pytest

from huleedu_service_libs.config import ServiceSettings
from huleedu_service_libs.service import check_consumption
from libs.huleedu_service_libs.tests.ledger_service import router as heard

DAY = 86_400.0


def check(**days: float) -> None:
    settings = {f"{name}_seconds": count * DAY for name, count in days.items()}
    check_consumption(
        ServiceSettings(service_name="ledger_service", port=1, **settings),  # type: ignore[arg-type]  # all are numbers
        heard,
    )


def test_the_defaults_agree() -> None:
    check()


@pytest.mark.parametrize("name", ["topic_retention", "dead_letter_replay"])
def test_the_inbox_remembers_as_long_as_an_event_may_come_again(name: str) -> None:
    check(inbox_retention=8, **{name: 8})
    with pytest.raises(ValueError, match=f"shorter than {name}_seconds"):
        check(inbox_retention=8, **{name: 8.1})


def test_a_dead_letter_is_kept_as_long_as_it_may_be_replayed() -> None:
    check(dead_letter_retention=7)
    with pytest.raises(ValueError, match="shorter than dead_letter_replay_seconds"):
        check(dead_letter_retention=6.9)


def test_the_inbox_remembers_as_long_as_redis() -> None:
    short = {"topic_retention": 0.0, "dead_letter_replay": 0.0}
    check(inbox_retention=1, **short)
    with pytest.raises(ValueError, match="shorter than default_ttl_seconds"):
        check(inbox_retention=0.9, **short)
