"""The suite that services subclass, on a service with a handler of each kind."""

from common_core.events.essay_events import EssayContentRejectedV1, ExcessContentReportedV1
from libs.huleedu_service_libs.tests import ledger_service
from libs.huleedu_service_libs.tests.idempotency_test_utils import EventCase, IdempotencySuite


class TestLedgerIdempotency(IdempotencySuite):
    settings = ledger_service.settings()
    router = ledger_service.router
    migrations = ledger_service.MIGRATIONS
    cases = (
        EventCase(
            EssayContentRejectedV1, build=ledger_service.rejection, effect=ledger_service.lines_of
        ),
        EventCase(
            ExcessContentReportedV1, build=ledger_service.excess, effect=ledger_service.lines_of
        ),
    )
