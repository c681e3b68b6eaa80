from pydantic import Field

from huleedu_service_libs.config import ServiceSettings


class Settings(ServiceSettings):
    service_name: str = "batch_orchestrator_service"
    port: int = Field(default=5001, description="port of the HTTP server")
    upload_deadline_seconds: float = Field(
        default=3600.0, gt=0, description="how long a batch waits for its essays to be uploaded"
    )
    phase_deadline_seconds: float = Field(
        default=900.0, gt=0, description="how long a phase may take at least, whatever its size"
    )
    phase_deadline_seconds_per_essay: float = Field(
        default=10.0, ge=0, description="how much longer a phase may take for each essay"
    )
    people_deadline_seconds: float = Field(
        default=365 * 86_400.0,
        gt=0,
        description="how long a phase may take at least if people are among the judges: who stay"
        " away are waited for as long as CJ_PEOPLE_PATIENCE_SECONDS says",
    )
    grace_seconds: float = Field(
        default=300.0,
        gt=0,
        description="how long after a deadline of the essay lifecycle a batch gives its answer up",
    )
    batch_retention_days: float | None = Field(
        default=None,
        ge=2,
        description="days after its end when a batch is deleted, with its essays; none: never",
    )

    def phase_deadline(self, essays: int, *, asks_people: bool) -> float:
        usual = self.phase_deadline_seconds + essays * self.phase_deadline_seconds_per_essay
        return max(usual, self.people_deadline_seconds) if asks_people else usual
