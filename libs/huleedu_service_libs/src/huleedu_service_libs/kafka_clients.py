"""How aiokafka's clients are let in, and ended."""

import asyncio
from collections.abc import Awaitable, Mapping
from ssl import create_default_context
from typing import Any

from huleedu_service_libs.config import ServiceSettings

Access = Mapping[str, Any]
"""What a client is given besides the address, to be let in; empty: anybody is."""


def access(settings: ServiceSettings) -> Access:
    """Raises OSError if the file of certificates cannot be read."""
    protocol = settings.kafka_security_protocol
    given: dict[str, Any] = {"security_protocol": protocol}
    if protocol.endswith("SSL"):
        given["ssl_context"] = create_default_context(cafile=settings.kafka_ca_file)
    if protocol.startswith("SASL"):
        given["sasl_mechanism"] = settings.kafka_sasl_mechanism
        given["sasl_plain_username"] = settings.kafka_username
        given["sasl_plain_password"] = settings.kafka_password.get_secret_value()
    return given


async def stop_client(client: Any, seconds: float) -> None:
    """Stop a consumer or producer within so many seconds, whatever comes out of it.

    A consumer that is stopped while a fetch of its own waits after an error raises the cancellation
    of that fetch, as if it were the caller's, and leaves its connections open.
    """
    await _within(seconds, client.stop())
    connections = getattr(client, "_client", None) or getattr(client, "client", None)
    if connections is not None:
        await _within(seconds, connections.close())


async def _within(seconds: float, work: Awaitable[None]) -> None:
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait([task], timeout=seconds)
    finally:
        task.cancel()
        task.add_done_callback(_forget)


def _forget(task: "asyncio.Future[None]") -> None:
    """Look at its error, which would be logged otherwise."""
    if not task.cancelled():
        task.exception()
