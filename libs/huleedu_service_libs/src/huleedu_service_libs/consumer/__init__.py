from huleedu_service_libs.consumer.config import ConsumerConfig
from huleedu_service_libs.consumer.consumer import Consumer
from huleedu_service_libs.handled import Handled, Outcome

__all__ = ["Consumer", "ConsumerConfig", "Handled", "Outcome"]
