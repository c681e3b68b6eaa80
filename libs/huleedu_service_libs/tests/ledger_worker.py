"""A worker of the ledger service as a process of its own, which says what it handles.

SERVICE_NAME names its database and its group. Where the text of an event begins with HOLD, the
handler waits until the file RELEASED is there.
"""

import asyncio
import os
from pathlib import Path

from huleedu_service_libs.config import ServiceSettings
from huleedu_service_libs.service import Service
from libs.huleedu_service_libs.tests.ledger_service import MIGRATIONS, make_router


async def before(text: str) -> None:
    print(f"handling {text}", flush=True)  # noqa: T201 - the test reads it
    hold = os.environ.get("HOLD")
    if hold is not None and text.startswith(hold):
        released = Path(os.environ["RELEASED"])
        while not released.exists():  # noqa: ASYNC110, ASYNC240 - the fact is in another process
            await asyncio.sleep(0.02)


if __name__ == "__main__":
    Service(
        ServiceSettings.model_validate({}), router=make_router(before), migrations=MIGRATIONS
    ).run()
