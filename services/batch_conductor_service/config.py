from pydantic import Field

from huleedu_service_libs.config import ServiceSettings


class Settings(ServiceSettings):
    service_name: str = "batch_conductor_service"
    port: int = Field(default=4002, description="port of the HTTP server")
