"""Apache Kafka in the foreground: `pdm run kafka`; Ctrl-C ends it.

Prints the line that programs of HuleEdu need to use it. It has no topics: the services make
theirs.
"""

import argparse
import signal
import sys
from pathlib import Path

from huleedu_embedded.process import ProcessFailedError, tail
from scripts.kafka.broker import ApacheKafka, UnavailableError


def main() -> int:
    parser = argparse.ArgumentParser(prog="pdm run kafka", description="Apache Kafka, one broker")
    parser.add_argument(
        "--directory", type=Path, help="keep data and logs there (default: thrown away)"
    )
    directory: Path | None = parser.parse_args().directory
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        with ApacheKafka(directory.resolve() if directory else None) as kafka:
            print(f"KAFKA_BOOTSTRAP_SERVERS={kafka.bootstrap_servers}", flush=True)
            kafka.wait()
            print(f"Apache Kafka has ended:\n{tail(kafka.log)}", file=sys.stderr)
            return 1
    except (UnavailableError, ProcessFailedError) as error:
        print(f"Apache Kafka cannot run here: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
