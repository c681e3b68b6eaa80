"""A model that is set up by half is told at the start, not in the middle of a batch."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from services.cj_assessment_service.config import Settings

REMOTE = {
    "cj_model_base_url": "https://models.example/v1",
    "cj_model": "m",
    "cj_model_input_price": Decimal(1),
    "cj_model_output_price": Decimal(4),
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cj_model": ""}, "CJ_MODEL does not name the model"),
        ({"cj_model_output_price": None}, "CJ_MODEL_OUTPUT_PRICE"),
        ({"cj_model_base_url": "models.example"}, "no address"),
        ({"cj_model_judge": "offline-2"}, "another judge"),
        ({"cj_model_judge": "people"}, "another judge"),
        ({"cj_model_judge": "a+b"}, "cj_model_judge"),
        ({"cj_model_keep_names": True}, "CJ_MODEL_KEEP_NAMES"),
    ],
)
def test_what_is_missing_or_wrong_is_said(change: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings(**{**REMOTE, **change})  # type: ignore[arg-type]  # of several types


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_a_model_on_this_machine_may_see_names(host: str) -> None:
    settings = Settings(
        **{**REMOTE, "cj_model_base_url": f"http://{host}:11434/v1", "cj_model_keep_names": True}  # type: ignore[arg-type]  # of several types
    )
    assert settings.cj_model_keep_names


def test_the_key_is_not_shown() -> None:
    settings = Settings(**REMOTE, cj_model_api_key="sk-secret")  # type: ignore[arg-type]  # of several types
    assert "sk-secret" not in repr(settings) + settings.model_dump_json()
