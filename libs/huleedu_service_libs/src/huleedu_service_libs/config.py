"""The settings that every service has; each adds only its own."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """Read from environment variables of the same names; the defaults suit one machine."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    service_name: str = Field(
        frozen=True, description="name of the service, its database and its group"
    )
    host: str = Field(default="127.0.0.1", description="address the HTTP server listens on")
    port: int = Field(description="port of the HTTP server")
    database_url: SecretStr = Field(
        default=SecretStr("postgresql://postgres@127.0.0.1:5432/postgres"),
        description="PostgreSQL server; the service uses the database that has its own name there",
    )
    redis_url: SecretStr = Field(
        default=SecretStr("redis://127.0.0.1:6379/0"), description="Redis 7 or Valkey"
    )
    kafka_bootstrap_servers: str = Field(default="127.0.0.1:9092", description="Kafka brokers")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="how the brokers are spoken to, as Kafka calls it"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="how the service says who it is, with SASL"
    )
    kafka_username: str = Field(default="", description="who the service is, with SASL")
    kafka_password: SecretStr = Field(default=SecretStr(""), description="its password")
    kafka_ca_file: str | None = Field(
        default=None,
        description="certificates the brokers are known by, with SSL; none: those of the system",
    )
    kafka_session_timeout_ms: int = Field(
        default=10_000, description="how soon the group notices that a worker is dead"
    )
    inbox_retention_seconds: float = Field(
        default=14 * 86_400,
        gt=0,
        description="how long the service remembers which events have taken effect",
    )
    inbox_prune_seconds: float = Field(
        default=600.0, gt=0, description="pause between two looks for what may be forgotten"
    )
    topic_retention_seconds: float = Field(
        default=7 * 86_400, description="how long topics that a service makes keep their events"
    )
    dead_letter_replay_seconds: float = Field(
        default=7 * 86_400, description="how long after the event a dead letter may be replayed"
    )
    dead_letter_retention_seconds: float = Field(
        default=90 * 86_400,
        gt=0,
        description="how long dead letters are kept after they were settled, or came undecided",
    )
    shutdown_seconds: float = Field(
        default=10.0, description="how long events under way may take after SIGTERM"
    )
    cpu_workers: int = Field(
        default=0, ge=0, description="worker processes for CPU work; 0: one for each core"
    )
    log_level: str = Field(default="INFO", description="lowest level that is logged")
    log_format: Literal["json", "console"] = Field(default="json", description="shape of the log")
    otel_exporter_otlp_endpoint: str | None = Field(
        default=None, description="OTLP/HTTP collector for traces; none: spans are not exported"
    )
    bos_url: str = Field(
        default="http://127.0.0.1:5001", description="base URL of batch_orchestrator_service"
    )
    bcs_url: str = Field(
        default="http://127.0.0.1:4002", description="base URL of batch_conductor_service"
    )
    content_url: str = Field(
        default="http://127.0.0.1:8001", description="base URL of content_service"
    )
    els_url: str = Field(
        default="http://127.0.0.1:6001", description="base URL of essay_lifecycle_service"
    )
    spell_url: str = Field(
        default="http://127.0.0.1:8002", description="base URL of spellchecker_service"
    )
    cj_url: str = Field(
        default="http://127.0.0.1:9095", description="base URL of cj_assessment_service"
    )
    ras_url: str = Field(
        default="http://127.0.0.1:4003", description="base URL of result_aggregator_service"
    )
