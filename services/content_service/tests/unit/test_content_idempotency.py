"""A deletion takes effect once, whatever crashes and whoever delivers it again."""

from uuid import uuid4

from huleedu_service_libs.testing.harness import ServiceHarness
from huleedu_service_libs.testing.idempotency_suite import IdempotencySuite, deletion_case
from services.content_service.app import service
from services.content_service.config import Settings
from services.content_service.handlers import router
from services.content_service.tests.uploading import upload

BATCH = uuid4()


async def uploaded(harness: ServiceHarness, _event: object) -> None:
    app = service.app(harness.container)
    await upload(app, BATCH, ("a.txt", b"One essay."), ("b.txt", b""))
    await app.test_client().post(f"/v1/batches/{BATCH}/texts", data=b"The same, corrected.")


class TestContentIdempotency(IdempotencySuite):
    settings = Settings()
    router = router
    providers = service.providers
    migrations = service.migrations
    cases = (deletion_case(BATCH, uploaded),)
