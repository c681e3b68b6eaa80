"""The report is what `results.json` and the library that draws it expect."""

from uuid import UUID

import pytest

from huleedu_report import Correction, EssayResult, Results, report_page
from services.api_gateway_service.domain.bodies import EssayReport, Mark, Report
from services.api_gateway_service.domain.views import printable, report, text_ids
from services.api_gateway_service.tests.fakes import FakeServices
from services.api_gateway_service.tests.samples import results

BATCH = UUID(int=1)


@pytest.mark.parametrize(
    ("model", "shape"), [(Report, Results), (EssayReport, EssayResult), (Mark, Correction)]
)
def test_report_has_every_field_that_is_drawn(model: type, shape: type) -> None:
    assert set(shape.__annotations__) <= set(model.model_fields)  # type: ignore[attr-defined]


def test_report_can_be_drawn() -> None:
    fakes = FakeServices()
    found = results(BATCH, fakes)

    whole = report(found, {text_id: fakes.texts[text_id] for text_id in text_ids(found)})

    assert "<del>beleive</del>" in report_page(printable(whole))
