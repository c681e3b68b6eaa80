"""One worker of the ledger: `python -m scripts.chaos.worker`, a whole service as users build them.

An event's text says what its handler meets: `17`, `17 slow 2.5`, `17 fails`, `17 kills`. The number
is its place among the events of its key.
"""

import asyncio
import os
import random

from huleedu_service_libs.config import ServiceSettings
from huleedu_service_libs.service import Service
from libs.huleedu_service_libs.tests import ledger_service

SERVICE = "ledger_service"
KILLED_BY_EVENT = 66
"""The exit status of a worker that an event has killed."""


class AlwaysFails(Exception):  # noqa: N818 - what it is, rather than what it is called
    pass


class Settings(ServiceSettings):
    service_name: str = SERVICE


async def before(text: str) -> None:
    match text.split():
        case [_, "slow", seconds]:
            await asyncio.sleep(float(seconds))
        case [_, "fails"]:
            raise AlwaysFails(text)
        case [_, "kills"]:
            os._exit(KILLED_BY_EVENT)
        case _:
            await asyncio.sleep(random.uniform(0, 0.01))  # noqa: S311 - hides nothing


if __name__ == "__main__":
    Service(
        Settings(),
        router=ledger_service.make_router(before),
        migrations=ledger_service.MIGRATIONS,
    ).run()
