"""`huleedu trace`: what followed from what, with times across the services."""

import asyncio
import os
from uuid import UUID

import typer
from aiokafka.errors import KafkaError

from huleedu_cli import state
from huleedu_cli.journey import tree
from huleedu_cli.problem import Problem
from huleedu_service_libs.config import ServiceSettings
from huleedu_service_libs.kafka_clients import access
from huleedu_service_libs.trail import Said, said


def trace(correlation_id: UUID) -> None:
    """Print the tree; Problem if there is no broker or nothing with this id."""
    events = asyncio.run(_said(_brokers(), correlation_id))
    if not events:
        raise Problem(
            f"No event with the correlation id {correlation_id}. It stands in the answers of the"
            " gateway (X-Correlation-ID), in every log line and in error messages; brokers keep"
            " events for some days only."
        )
    for line in tree(events):
        typer.echo(line)


def _brokers() -> str:
    if servers := os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        return servers
    running = state.read()
    if running is None:
        raise Problem(
            "Which broker? Set KAFKA_BOOTSTRAP_SERVERS, or start the stack on this machine with"
            " `huleedu up`."
        )
    return running.infrastructure["KAFKA_BOOTSTRAP_SERVERS"]


async def _said(brokers: str, correlation_id: UUID) -> list[Said]:
    try:
        return await said(
            brokers, correlation_id, access(ServiceSettings(service_name="trace", port=0))
        )
    except (KafkaError, OSError) as error:
        raise Problem(f"The broker at {brokers} cannot be read: {error!r}.") from error
