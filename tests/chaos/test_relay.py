"""The broker, the database and the relay die under load: no event is lost, none is handled twice, and nobody has to do anything."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shared.bus.relay import Relay
from shared.errors import Unavailable
from shared.store.postgres.checkpoints import PostgresCheckpoints
from shared.store.postgres.store import PostgresStore
from tests.contract.bus.running import Bus, Kept
from tests.processes import eventually
from tests.servers import PostgresServer, RabbitmqServer

ROOT = Path(__file__).parents[2]


@contextmanager
def load(bus: Bus) -> Iterator[Callable[[], int]]:
    """Somebody writes all the time; inside, a function tells how many events were recorded."""
    stop, recorded = threading.Event(), [0]

    def write() -> None:
        while not stop.wait(0.01):
            recorded[0] += len(bus.record(5))

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield lambda: recorded[0]
    finally:
        stop.set()
        thread.join()


def heals(bus: Bus, kept: Kept) -> None:
    def arrived() -> bool:
        return kept.seen.positions == bus.seen.positions == [event.position for event in bus.store.read_all(0, 1_000_000)]

    eventually(arrived, "events are lost, or repeated", seconds=40)
    eventually(lambda: bus.checkpoints.load("relay") == bus.store.head(), "the relay does not go on", seconds=40)
    eventually(lambda: bus.checkpoints.load("feed") == bus.store.head(), "the feed does not go on", seconds=40)
    assert bus.letters.list() == []


@pytest.mark.parametrize("death", ["stop", "kill"])
def test_a_broker_that_goes_and_comes_under_load(own_rabbitmq: RabbitmqServer, tmp_path: Path, death: str) -> None:
    bus, kept = Bus(own_rabbitmq.uri, tmp_path), Kept()
    bus.relay()
    bus.listen(bus.reactions())
    bus.listen(bus.projection(kept))
    with load(bus) as recorded:
        eventually(lambda: len(bus.seen.events) > 50)
        time.sleep(15 if death == "kill" else 0)  # see shared/bus/relay.py on streams that are seconds old
        getattr(own_rabbitmq, death)()
        before = recorded()
        eventually(lambda: recorded() > before + 100)
        own_rabbitmq.start()
        eventually(lambda: bus.checkpoints.load("relay") > before + 100, seconds=40)
    heals(bus, kept)
    bus.close()


def test_a_broker_that_lost_its_queues_is_furnished_again(own_rabbitmq: RabbitmqServer, tmp_path: Path) -> None:
    bus, kept = Bus(own_rabbitmq.uri, tmp_path), Kept()
    bus.relay()
    bus.listen(bus.reactions())
    bus.listen(bus.projection(kept))
    with load(bus):
        eventually(lambda: len(bus.seen.events) > 50)
        with bus.connection() as connection:
            channel = connection.channel()
            for queue in ("coaching.inbox", "reporting.inbox", "journey.feed"):
                channel.queue_delete(queue)
            channel.exchange_delete("journey.events")
        eventually(lambda: len(bus.seen.events) > 500)
    heals(bus, kept)
    bus.close()


def test_a_relay_killed_again_and_again_loses_nothing(rabbitmq_uri: str, tmp_path: Path) -> None:
    bus, kept = Bus(rabbitmq_uri, tmp_path), Kept()
    bus.listen(bus.reactions())
    bus.listen(bus.projection(kept))
    with load(bus) as recorded:
        for _ in range(4):
            process = relay_process(bus)
            at = bus.checkpoints.load("relay")
            eventually(lambda at=at: bus.checkpoints.load("relay") > at)  # type: ignore[misc]
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        assert recorded() > 100
    process = relay_process(bus)
    heals(bus, kept)
    process.terminate()
    process.wait()
    bus.close()


RELAY = """
import sys
from pathlib import Path
from shared.bus.relay import Relay
from shared.store.sqlite.store import SqliteStore
from shared.store.sqlite.checkpoints import SqliteCheckpoints
path = Path(sys.argv[1])
Relay(SqliteStore(path), SqliteCheckpoints(path), sys.argv[2], window=20).run()
"""


def relay_process(bus: Bus) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-W", "ignore", "-c", RELAY, str(bus.folder / "log.sqlite"), bus.uri], cwd=ROOT)


def test_a_database_that_goes_and_comes_under_load(own_postgres: PostgresServer, rabbitmq_uri: str, tmp_path: Path) -> None:
    bus = Bus(rabbitmq_uri, tmp_path, PostgresStore(own_postgres.dsn), PostgresCheckpoints(own_postgres.dsn))
    kept = Kept()
    first, second = bus.relay(), Relay(bus.store, bus.checkpoints, bus.uri)
    bus.start(second)
    bus.listen(bus.reactions())
    bus.listen(bus.projection(kept))
    written = 0
    for _ in range(2):
        for _ in range(20):
            written += len(bus.record(5))
        own_postgres.restart()
        eventually(lambda: reachable(bus))
    for _ in range(20):
        written += len(bus.record(5))
    heals(bus, kept)
    assert len(bus.seen.events) == written
    assert first.active != second.active
    bus.close()


def reachable(bus: Bus) -> bool:
    try:
        bus.store.head()
    except Unavailable:
        time.sleep(0.1)
        return False
    return True
