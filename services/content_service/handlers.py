from common_core.events.deletion_events import BatchDeletedV1
from huleedu_service_libs.deletion import forgetting
from huleedu_service_libs.routing import Router
from services.content_service.store import forget

router = Router()
router.work(BatchDeletedV1)(forgetting(forget))
