"""Break what can break under load, and show whether every promise was kept.

pdm run chaos [--minutes N] [--seed S] [--load ledger|batches|both]
                [--broker kafka|embedded] [--rate N]

Two loads, each on PostgreSQL, Redis and a broker of its own: events through several workers of the
library's ledger service, and class sets through the eight services. Faults come as the seed has
drawn them; then everything is left in peace, and when all is done it is compared with what was
sent, or with undisturbed results. Exits with 1 if anything is wrong, and says the seed.
"""

import argparse
import logging
import random
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from huleedu_cli.problem import Problem
from huleedu_cli.running import run
from huleedu_embedded.infrastructure import InfrastructureError
from huleedu_embedded.process import ProcessFailedError
from scripts.chaos.batches import batches
from scripts.chaos.ledger import ledger

_SHOWN = 20


async def chaos(asked: argparse.Namespace, directory: Path, out: Console) -> list[str]:
    """What went wrong."""
    seconds, broker, found = asked.minutes * 60, asked.broker, []
    parts = {"ledger": 2 / 3, "batches": 1 / 3} if asked.load == "both" else {asked.load: 1.0}
    for part, share in parts.items():
        lasting, folder = seconds * share, directory / part
        if part == "ledger":
            found += await ledger(asked.seed, lasting, asked.rate, broker, folder, out)
        else:
            found += await batches(asked.seed, lasting, broker, folder, out)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="pdm run chaos", description="Break what can break under load; check every promise."
    )
    parser.add_argument("--minutes", type=float, default=2.0, help="of load and faults")
    parser.add_argument(
        "--seed",
        type=int,
        default=random.SystemRandom().randrange(10_000),
        help="of the events and the faults (default: any)",
    )
    parser.add_argument(
        "--broker",
        choices=["kafka", "embedded"],
        help="default: Apache Kafka where Java 17 and Maven are there",
    )
    parser.add_argument(
        "--load",
        choices=["ledger", "batches", "both"],
        default="both",
        help="default: both, two thirds of the time for the ledger",
    )
    parser.add_argument("--rate", type=float, default=20.0, help="events per second and worker")
    asked = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL + 1)  # outages are what we are here for
    out = Console(highlight=False, markup=False, soft_wrap=True)
    directory = Path(tempfile.mkdtemp(prefix="huleedu-chaos-"))
    out.print(f"Chaos with seed {asked.seed}")
    keep = True
    try:
        found = run(chaos(asked, directory, out))
        keep = bool(found)
    except KeyboardInterrupt:
        keep = False
        out.print("Interrupted; nothing is left running.")
        return 130
    except (Problem, InfrastructureError, ProcessFailedError) as error:
        out.print(f"{error}\nLogs are in {directory}")
        return 1
    finally:
        if not keep:
            shutil.rmtree(directory, ignore_errors=True)
    if not found:
        out.print("No violation.")
        return 0
    out.print(f"{len(found)} violations with seed {asked.seed}; logs are in {directory}:")
    for violation in found[:_SHOWN]:
        out.print(f"  {violation}")
    if len(found) > _SHOWN:
        out.print(f"  and {len(found) - _SHOWN} more")
    return 1


if __name__ == "__main__":
    sys.exit(main())
