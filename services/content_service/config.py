from pydantic import Field

from huleedu_service_libs.config import ServiceSettings


class Settings(ServiceSettings):
    service_name: str = "content_service"
    port: int = Field(default=8001, description="port of the HTTP server")
    content_max_upload_bytes: int = Field(
        default=200_000_000, ge=1, description="largest upload of several files together"
    )
    content_max_file_bytes: int = Field(
        default=20_000_000, ge=1, description="largest single file that is opened"
    )
    content_max_text_characters: int = Field(
        default=200_000, ge=1, description="longest text of one essay, in characters"
    )
    content_upload_seconds: float = Field(
        default=300.0, gt=0, description="how long the files of one upload may take to arrive"
    )
    content_extraction_seconds: float = Field(
        default=30.0, gt=0, description="how long the text of one file may take to get out"
    )
    content_extraction_memory_bytes: int = Field(
        default=1_500_000_000, ge=1, description="memory a worker process may take for one file"
    )
