from pydantic import Field

from huleedu_service_libs.config import ServiceSettings


class Settings(ServiceSettings):
    service_name: str = "cj_assessment_service"
    port: int = Field(default=9095, description="port of the HTTP server")
    # A fit is one computation: ranking one class set, a second worker would only cost memory.
    cpu_workers: int = Field(default=1, ge=0, description="as for every service, but one")
    cj_comparisons_per_essay: int = Field(
        default=24, ge=1, description="budget: most comparisons an essay takes part in, on average"
    )
    cj_target_reliability: float = Field(
        default=0.8, gt=0, lt=1, description="comparing stops when this reliability is reached"
    )
    cj_rounds_per_wave: int = Field(
        default=2, ge=1, description="rounds judged before the scores are fitted again"
    )
    cj_people_share: float = Field(
        default=0.1,
        ge=0,
        lt=1,
        description="share of the pairs that people get where other judges compare with them",
    )
    cj_reservation_seconds: float = Field(
        default=900.0, gt=0, description="how long a pair shown to a person is kept for them"
    )
    cj_timeout_seconds: float = Field(
        default=300.0, gt=0, description="how long one fit, or reading one essay, may take"
    )
