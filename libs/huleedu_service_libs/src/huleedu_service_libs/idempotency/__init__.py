from huleedu_service_libs.errors import EventInProgress, UnconfirmedEvent
from huleedu_service_libs.idempotency.config import IdempotencyConfig
from huleedu_service_libs.idempotency.decorator import idempotent_consumer

__all__ = ["EventInProgress", "IdempotencyConfig", "UnconfirmedEvent", "idempotent_consumer"]
