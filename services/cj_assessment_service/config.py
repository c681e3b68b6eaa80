from decimal import Decimal
from ipaddress import ip_address
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from common_core.judges import PEOPLE
from huleedu_service_libs.config import ServiceSettings

_OFFLINE = "offline"


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
    cj_people_patience_seconds: float = Field(
        default=30 * 86_400.0,
        gt=0,
        description="how long people may compare nothing before it goes on, or ends, without them",
    )
    cj_timeout_seconds: float = Field(
        default=300.0, gt=0, description="how long one fit, or reading one essay, may take"
    )
    cj_model_base_url: str | None = Field(
        default=None,
        description="OpenAI-compatible endpoint, as `https://host/v1`; none: no model judges",
    )
    cj_model_judge: str = Field(
        default="model",
        pattern=r"^[^\s+]([^+]{0,98}[^\s+])?$",
        description="name by which a batch asks for the model as its judge",
    )
    cj_model: str = Field(default="", description="the model, as the endpoint calls it")
    cj_model_api_key: SecretStr = Field(
        default=SecretStr(""), description="key for the endpoint; a local one mostly needs none"
    )
    cj_model_input_price: Decimal | None = Field(
        default=None,
        ge=0,
        description="price of a million input tokens, in any currency; 0 if they are free",
    )
    cj_model_output_price: Decimal | None = Field(
        default=None, ge=0, description="price of a million output tokens, in the same currency"
    )
    cj_model_spending_cap: Decimal = Field(
        default=Decimal(5), ge=0, description="most that one batch may cost, in that currency"
    )
    cj_model_max_output_tokens: int = Field(
        default=1000, ge=50, description="longest answer that is paid for, any reasoning included"
    )
    cj_model_timeout_seconds: float = Field(
        default=60.0, gt=0, description="how long one call to the model may take"
    )
    cj_model_attempts: int = Field(
        default=3, ge=1, description="calls for one verdict that may fail and have to be paid for"
    )
    cj_model_patience_seconds: float = Field(
        default=300.0,
        ge=0,
        description="how long a verdict is waited for while the endpoint is away or too busy",
    )
    cj_model_concurrency: int = Field(default=8, ge=1, description="calls under way at once")
    cj_model_requests_per_minute: int = Field(
        default=0, ge=0, description="most calls a minute; 0: as many as the endpoint takes"
    )
    cj_model_degrees: bool = Field(
        default=True, description="whether the model says how clearly one essay is better"
    )
    cj_model_rubric: str = Field(
        default="", description="what makes an essay good; empty: a general rubric"
    )
    cj_model_keep_names: bool = Field(
        default=False,
        description="leave names in the texts; only for a model on this very machine",
    )

    @model_validator(mode="after")
    def _model_is_complete(self) -> Self:
        if self.cj_model_base_url is None:
            return self
        url = urlsplit(self.cj_model_base_url)
        if url.scheme not in {"http", "https"} or not url.hostname:
            raise ValueError("CJ_MODEL_BASE_URL is no address such as https://host/v1")
        if self.cj_model_judge == PEOPLE or self.cj_model_judge.startswith(_OFFLINE):
            raise ValueError("CJ_MODEL_JUDGE is the name of another judge")
        if not self.cj_model:
            raise ValueError("CJ_MODEL_BASE_URL is set, but CJ_MODEL does not name the model")
        if self.cj_model_input_price is None or self.cj_model_output_price is None:
            raise ValueError(
                "set CJ_MODEL_INPUT_PRICE and CJ_MODEL_OUTPUT_PRICE, to 0 where nothing is paid:"
                " without them no spending cap can hold"
            )
        if self.cj_model_keep_names and not _is_this_machine(url.hostname):
            raise ValueError("CJ_MODEL_KEEP_NAMES is for a model on this machine, not for a remote")
        return self


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
