from pydantic import Field

from huleedu_service_libs.config import ServiceSettings


class Settings(ServiceSettings):
    service_name: str = Field(default="result_aggregator_service", frozen=True)
    port: int = Field(default=4003, description="port of the HTTP server")
    poll_seconds: float = Field(
        default=0.2, gt=0, description="how often a waiting request looks for progress"
    )
    step_retention_seconds: float = Field(
        default=7 * 86_400,
        gt=0,
        description="how long the steps of a batch's progress are kept; the last is kept always",
    )
    step_prune_seconds: float = Field(
        default=600.0, gt=0, description="pause between two looks for steps to forget"
    )
    max_batches: int = Field(default=200, gt=0, description="how many batches a list shows")
