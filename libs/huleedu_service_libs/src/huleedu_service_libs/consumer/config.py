"""How a consumer behaves, checked for contradictions before it starts."""

from dataclasses import dataclass, field

from huleedu_service_libs.consumer.assignment import Limits
from huleedu_service_libs.consumer.retry import RetryPolicy
from huleedu_service_libs.idempotency.config import IdempotencyConfig
from huleedu_service_libs.kafka_clients import Access


@dataclass(frozen=True)
class ConsumerConfig:
    """Times in seconds."""

    bootstrap_servers: str
    idempotency: IdempotencyConfig
    access: Access = field(default_factory=dict, repr=False)
    group_id: str = ""
    """Default: the service's name."""
    instance_id: str | None = None
    """For static membership; unique per replica."""
    session_timeout: float = 10.0
    rebalance_timeout: float = 60.0
    poll_wait: float = 0.2
    poll_stall: float = 60.0
    """A poll loop that has not come round for so long is ended, and a new client begins."""
    max_poll_records: int = 500
    drain_budget: float = 10.0
    commit_interval: float = 0.2
    commit_timeout: float = 5.0
    longest_reconnect_pause: float = 5.0
    limits: Limits = field(default_factory=Limits)
    retry: RetryPolicy = field(default_factory=RetryPolicy)

    def __post_init__(self) -> None:
        if self.drain_budget + self.commit_timeout >= self.rebalance_timeout:
            raise ValueError(
                f"drain_budget + commit_timeout = {self.drain_budget + self.commit_timeout} s"
                f" must be less than rebalance_timeout = {self.rebalance_timeout} s"
            )
        if self.idempotency.redelivery_gap_seconds < self.rebalance_timeout:
            raise ValueError("redelivery_gap_seconds is shorter than a rebalance may take")

    @property
    def group(self) -> str:
        return self.group_id or self.idempotency.service_name
