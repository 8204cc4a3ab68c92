"""From the last release to this checkout and back while others read and write: each process by its successor, one after the other."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from services.bootstrap.names import PROCESSES
from shared.address import Address
from shared.bus.blocking import connect
from shared.bus.names import SOLE
from shared.store.postgres.store import PostgresStore
from tests.processes import Process, Product, eventually, free_port
from tests.servers import GivenPostgres, GivenRabbitmq
from tests.upgrade.load import Balancer, Load, Reading
from tests.upgrade.releases import checked_out, last_release, with_other_facts

READY = "are ready; it answers when"  # what reporting says that waits for its turn
SOME_READINGS = 20


class Installation(Product):
    """All services and two gateways, of which each process can be replaced by one of another release."""

    def __init__(self, folder: Path, env: dict[str, str], root: Path) -> None:
        super().__init__(folder, env)
        self.ports = [self.port, free_port()]
        self.balancer = Balancer([f"http://127.0.0.1:{port}" for port in self.ports])
        self.amqp = Address(env["PARCOURS_AMQP_URI"])
        names = [*(name for name in PROCESSES if name != "gateway"), "gateway-0", "gateway-1"]
        self.processes = {name: self.process(name, root) for name in names}

    def ready(self, seconds: float = 180) -> None:
        """As releases say it that do not tell yet whether all is well: a gateway was ready only if all was."""
        eventually(lambda: (answer := self.client.get("/readyz")).is_success and answer.json().get("well", True), "all is well", seconds)

    def process(self, name: str, root: Path) -> Process:
        service, _, number = name.partition("-")
        words = ("service", service, "--data", str(self.folder), "--port", str(self.ports[int(number or 0)]))
        return Process(*words, env=self.env, log=self.folder / f"{name}-{root.name}.log", root=root)

    def replace(self, name: str, root: Path) -> None:
        """Start the successor of a process, wait until it works, and end the other: of a gateway, in the place of the other."""
        old, new = self.processes[name], self.process(name, root)
        if name.startswith("gateway"):
            url = f"http://127.0.0.1:{self.ports[int(name[-1])]}"
            self.balancer.urls = [each for each in self.balancer.urls if each != url]
            time.sleep(1)  # what it was given is answered
            old.end()
            new.start()
            eventually(lambda: self.client.get(f"{url}/readyz").status_code == 200, name)
            self.balancer.urls = [*self.balancer.urls, url]
        else:
            consumers = self.consumers(name)
            new.start()
            self.wait_for(name, new, consumers)
            old.end()
        self.processes[name] = new

    def wait_for(self, name: str, process: Process, consumers: int) -> None:
        if name == "relay":
            time.sleep(5)  # it stands by, and takes over when the other ends
        elif name == "reporting":
            eventually(lambda: READY in process.log.read_text() or self.consumers(name) > consumers, "reporting is ready", 120)
        else:
            eventually(lambda: self.consumers(name) > consumers, name, 120)

    def consumers(self, service: str) -> int:
        if service == "relay":
            return 0
        with connect(self.amqp) as connection:
            return int(connection.channel().queue_declare(SOLE.requests(service), passive=True).method.consumer_count)


@pytest.fixture
def installation(tmp_path: Path, rabbitmq_server: GivenRabbitmq, postgres_server: GivenPostgres) -> Iterator[Installation]:
    with ExitStack() as held:
        uri, dsn = held.enter_context(rabbitmq_server.vhost()), held.enter_context(postgres_server.database())
        root = held.enter_context(checked_out(last_release(), tmp_path / "before"))
        env = {"PARCOURS_AMQP_URI": uri, "PARCOURS_EVENT_STORE": dsn, "PARCOURS_READ_MODELS": dsn, "PARCOURS_RATE_LIMIT": "off"}
        (tmp_path / "data").mkdir()
        installation = Installation(tmp_path / "data", env, root)
        held.callback(installation.stop)
        installation.start()
        yield installation


def check(load: Load, readings: list[Reading]) -> list[bool]:
    """No reading failed, and each was right for one of the two versions at its position; returns whether it was the new one."""
    assert not load.failures
    assert {each.status for each in readings} <= {200, 304}, [each for each in readings if each.status not in {200, 304}][:3]
    versions: list[bool] = []
    for each in readings:
        before, after = (load.people_met(each.position, in_the_street=street) for street in (True, False))
        assert each.value in {before, after}, (each, before, after)
        if before != after:
            versions.append(each.value == after)
    return versions


@pytest.mark.long
@pytest.mark.timeout(1_200)
def test_nobody_notices_an_upgrade_nor_the_way_back(installation: Installation, tmp_path: Path) -> None:
    before, after = installation.processes["intake"].root, with_other_facts(tmp_path / "after")
    gated = (before / "services/reporting/projection/turn.py").exists()
    order = ["reporting", *(name for name in installation.processes if name != "reporting")]
    with Load(installation.balancer, installation.token) as load:
        eventually(lambda: len(load.readings) > SOME_READINGS or load.failures, "readings before the upgrade")
        for name in order:
            installation.replace(name, after)
        upgraded = len(load.readings)
        eventually(lambda: len(load.readings) > upgraded + SOME_READINGS or load.failures, "readings after the upgrade")
        upgraded = len(load.readings)
        for name in reversed(order):
            installation.replace(name, before)
        returned = len(load.readings)
        eventually(lambda: len(load.readings) > returned + SOME_READINGS or load.failures, "readings after the way back")
    versions = check(load, load.readings[:upgraded])
    assert versions == sorted(versions), "a reader who was told the new figures is not told the old ones"
    assert (versions[0], versions[-1]) == (False, True)
    assert all(each.position >= each.waited_for for each in load.readings[:upgraded]), "a reader sees what it wrote"
    back = check(load, load.readings[upgraded:])
    assert not any(back[-SOME_READINGS // 2 :])
    assert not gated or back == sorted(back, reverse=True)  # releases before that answer as soon as they are started
    with_events = PostgresStore(installation.env["PARCOURS_EVENT_STORE"])
    recorded = [event.commandid for event in with_events.read_all(0, 1_000_000) if event.kind == "intake.PersonIdentified"]
    with_events.close()
    assert sorted(map(str, recorded)) == sorted(load.sent), "every command is recorded once"
