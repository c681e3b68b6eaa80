from pydantic import Field

from huleedu_service_libs.config import ServiceSettings


class Settings(ServiceSettings):
    service_name: str = "essay_lifecycle_service"
    port: int = Field(default=6001, description="port of the HTTP server")
