"""A broker that speaks Kafka's protocol: the mock cluster that librdkafka carries, in memory.

It is not Apache Kafka. It serves one machine's first minute and the tests; what it cannot do is
written in Documentation/decisions/0008-infrastructure-from-wheels.md.

Run as a module it *is* the broker: `python -m huleedu_embedded.kafka '{"topic": partitions}'`.
"""

import ctypes
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Event

from huleedu_embedded import process

_PRODUCER = 0
_ERROR_TEXT_BYTES = 512


@contextmanager
def kafka(
    directory: Path, topics: Mapping[str, int], cancelled: Event
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run a broker with these topics (name to partitions); yields the process and its address.

    A topic that is not named comes into being when it is first used, with four partitions.
    """
    log = directory / "kafka.log"
    command = [sys.executable, "-P", "-m", "huleedu_embedded.kafka", json.dumps(dict(topics))]
    child = process.start(command, log=log)
    try:
        line = process.wait_for_line(child, log, r"^listening on (\S+)$", 60, cancelled)
        yield child, line[1]
    finally:
        process.stop(child)


def serve(topics: Mapping[str, int]) -> None:
    """Be the broker until a signal comes."""
    library = ctypes.CDLL(str(_library()))
    pointer = ctypes.c_void_p
    library.rd_kafka_conf_new.restype = pointer
    library.rd_kafka_new.restype = pointer
    library.rd_kafka_new.argtypes = [ctypes.c_int, pointer, ctypes.c_char_p, ctypes.c_size_t]
    library.rd_kafka_mock_cluster_new.restype = pointer
    library.rd_kafka_mock_cluster_new.argtypes = [pointer, ctypes.c_int]
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    library.rd_kafka_mock_cluster_bootstraps.argtypes = [pointer]
    library.rd_kafka_mock_group_initial_rebalance_delay_ms.argtypes = [pointer, ctypes.c_int32]
    library.rd_kafka_mock_set_controller_id.argtypes = [pointer, ctypes.c_int32]
    library.rd_kafka_mock_topic_create.argtypes = [
        pointer,
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_int,
    ]

    reason = ctypes.create_string_buffer(_ERROR_TEXT_BYTES)
    client = library.rd_kafka_new(_PRODUCER, library.rd_kafka_conf_new(), reason, len(reason))
    if not client:
        sys.exit(reason.value.decode())
    cluster = library.rd_kafka_mock_cluster_new(client, 1)
    if not cluster:
        sys.exit("librdkafka could not create its mock cluster")
    library.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, 0)
    library.rd_kafka_mock_set_controller_id(cluster, 1)
    for topic, partitions in topics.items():
        if library.rd_kafka_mock_topic_create(cluster, topic.encode(), partitions, 1) != 0:
            sys.exit(f"librdkafka could not create the topic {topic} with {partitions} partitions")
    address = library.rd_kafka_mock_cluster_bootstraps(cluster).decode()
    sys.stdout.write(f"listening on {address}\n")
    sys.stdout.flush()
    signal.pause()


def _library() -> Path:
    spec = find_spec("confluent_kafka")
    if spec is None or spec.origin is None:
        sys.exit("The package confluent-kafka is not installed.")
    package = Path(spec.origin).parent
    for pattern in ("../confluent_kafka.libs/librdkafka-*", ".dylibs/librdkafka*"):
        for found in sorted(package.glob(pattern)):
            return found
    sys.exit("The package confluent-kafka carries no librdkafka for this machine.")


if __name__ == "__main__":
    serve(json.loads(sys.argv[1]))
