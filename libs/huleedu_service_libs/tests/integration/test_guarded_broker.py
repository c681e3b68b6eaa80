"""A broker that lets in who has a name and a password, and speaks TLS."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from huleedu_service_libs.config import ServiceSettings
from huleedu_service_libs.kafka_clients import Access, access
from libs.huleedu_service_libs.tests.integration.test_worker_death import Place, place, until
from scripts.kafka.broker import ApacheKafka
from scripts.kafka.jars import java

__all__ = ["place"]

pytestmark = pytest.mark.apache_kafka

STORE_PASSWORD = "only in this test"
LOGIN = (
    "org.apache.kafka.common.security.plain.PlainLoginModule required"
    ' username="broker" password="broker" user_broker="broker" user_guest="open sesame";'
)


@dataclass(frozen=True)
class Guarded:
    kafka: ApacheKafka
    certificate: Path

    def environment(self, password: str) -> dict[str, str]:
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SASL_MECHANISM": "PLAIN",
            "KAFKA_USERNAME": "guest",
            "KAFKA_PASSWORD": password,
            "KAFKA_CA_FILE": str(self.certificate),
        }

    def access(self, password: str) -> Access:
        named = {name.lower(): value for name, value in self.environment(password).items()}
        return access(ServiceSettings(service_name="guest", port=0, **named))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    store, certificate = folder / "store.p12", folder / "certificate.pem"
    keytool = Path(java()).resolve().with_name("keytool")
    held = ["-alias", "kafka", "-keystore", str(store), "-storepass", STORE_PASSWORD]
    for step in (
        ["-genkeypair", *held, "-keyalg", "EC", "-dname", "CN=kafka", "-ext", "san=ip:127.0.0.1"],
        ["-exportcert", *held, "-rfc", "-file", str(certificate)],
    ):
        subprocess.run([keytool, *step], check=True, capture_output=True)  # noqa: S603 - as written
    settings = {
        "listener.security.protocol.map": "BROKER:SASL_SSL,CONTROLLER:PLAINTEXT",
        "sasl.enabled.mechanisms": "PLAIN",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "listener.name.broker.plain.sasl.jaas.config": LOGIN,
        "ssl.keystore.location": str(store),
        "ssl.keystore.password": STORE_PASSWORD,
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(certificate),
    }
    with ApacheKafka(settings=settings) as kafka:
        yield Guarded(kafka, certificate)


async def test_a_service_with_the_password_makes_its_topics_and_handles_what_comes(
    guarded: Guarded, place: Place
) -> None:
    environment = place.environment | guarded.environment("open sesame")
    let_in = replace(place, environment=environment, access=guarded.access("open sesame"))
    texts = [f"{place.name} {number}" for number in range(4)]

    async def all_done() -> bool:
        return set(texts) <= set(await let_in.written())

    async with let_in.worker():
        await let_in.put(texts)
        await until(all_done)


@pytest.mark.parametrize("given", ["a wrong password", "nothing"])
async def test_nobody_else_is_let_in(guarded: Guarded, given: str) -> None:
    trying = {} if given == "nothing" else guarded.access(given)
    address = guarded.kafka.bootstrap_servers
    client = AIOKafkaAdminClient(bootstrap_servers=address, request_timeout_ms=3000, **trying)
    with pytest.raises(KafkaError):
        await client.start()
    await client.close()
