from pydantic import Field

from huleedu_service_libs.config import ServiceSettings


class Settings(ServiceSettings):
    service_name: str = Field(default="result_aggregator_service", frozen=True)
    port: int = Field(default=4003, description="port of the HTTP server")
    poll_seconds: float = Field(
        default=0.2, gt=0, description="how often a waiting request looks for progress"
    )
    max_batches: int = Field(default=200, gt=0, description="how many batches a list shows")
