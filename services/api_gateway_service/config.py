from pydantic import Field, SecretStr

from huleedu_service_libs.config import ServiceSettings


class Settings(ServiceSettings):
    service_name: str = Field(default="api_gateway_service", frozen=True)
    port: int = Field(default=8080, description="port of the HTTP server")
    api_keys: SecretStr = Field(
        default=SecretStr(""),
        description="who may come in: key:owner,key:owner; empty: nobody",
    )
    max_file_bytes: int = Field(
        default=100_000_000, gt=0, description="largest file that is passed on to be looked at"
    )
    max_upload_bytes: int = Field(
        default=200_000_000, gt=0, description="largest upload of several files together"
    )
    upload_seconds: float = Field(
        default=300.0, gt=0, description="how long a request may take to arrive"
    )
    max_body_bytes: int = Field(
        default=1_000_000, gt=0, description="largest other request in bytes"
    )
    secure_cookies: bool = Field(
        default=False, description="send the session cookie over HTTPS only; set it behind HTTPS"
    )
    heartbeat_seconds: float = Field(
        default=15.0, gt=0, le=30, description="pause after which live progress shows it is alive"
    )
