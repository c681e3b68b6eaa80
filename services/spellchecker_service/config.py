from pydantic import Field

from huleedu_service_libs.config import ServiceSettings


class Settings(ServiceSettings):
    service_name: str = "spellchecker_service"
    port: int = Field(default=8002, description="port of the HTTP server")
    spell_max_characters: int = Field(
        default=1_000_000, ge=1, description="longest text that is checked, in characters"
    )
    spell_max_corrections: int = Field(
        default=3_000,
        ge=1,
        description="with more corrections than this a text is not an essay in its language",
    )
    spell_timeout_seconds: float = Field(
        default=60.0, gt=0, description="how long the check of one essay may take"
    )
