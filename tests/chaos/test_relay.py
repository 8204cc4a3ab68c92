"""The broker, the database and the relay die under load: no event is lost or handled twice, and everything recovers by itself."""

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
from tests.contract.bus.running import Bus, FakeProjection
from tests.processes import eventually
from tests.servers import PostgresServer, RabbitmqServer

ROOT = Path(__file__).parents[2]


@contextmanager
def load_on(bus: Bus) -> Iterator[Callable[[], int]]:
    """A writer records events all the time. Inside the block, the function returns how many were recorded."""
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


def check_recovery(bus: Bus, projection: FakeProjection) -> None:
    """The projection has applied each event once. Policies meet some again after a lost lease, in order, and without effect."""

    def all_handled() -> bool:
        log = [event.position for event in bus.store.read_all(0, 1_000_000)]
        return projection.recorder.positions == log == list(dict.fromkeys(bus.recorder.positions))

    eventually(all_handled, "every event is handled", seconds=40)
    eventually(lambda: bus.checkpoints.load("relay") == bus.store.head(), "the relay reaches the end of the log", seconds=40)
    eventually(lambda: bus.checkpoints.load("feed") == bus.store.head(), "the feed reaches the end of the log", seconds=40)
    assert bus.dead_letters.list() == []


@pytest.mark.parametrize("death", [pytest.param("stop", marks=pytest.mark.long), "kill"])
def test_a_broker_that_stops_and_returns_under_load(own_rabbitmq: RabbitmqServer, tmp_path: Path, death: str) -> None:
    bus, projection = Bus(own_rabbitmq.uri, tmp_path), FakeProjection()
    bus.start_relay()
    bus.consume(bus.policy_inbox())
    bus.consume(bus.projection_inbox(projection))
    with load_on(bus) as recorded:
        eventually(lambda: len(bus.recorder.events) > 50)
        time.sleep(15 if death == "kill" else 0)  # a younger stream may come back closed: see shared/bus/relay.py
        getattr(own_rabbitmq, death)()
        before = recorded()
        eventually(lambda: recorded() > before + 100)
        own_rabbitmq.start()
        eventually(lambda: bus.checkpoints.load("relay") > before + 100, seconds=40)
    check_recovery(bus, projection)
    bus.close()


def test_lost_queues_are_declared_again(own_rabbitmq: RabbitmqServer, tmp_path: Path) -> None:
    bus, projection = Bus(own_rabbitmq.uri, tmp_path), FakeProjection()
    bus.start_relay()
    bus.consume(bus.policy_inbox())
    bus.consume(bus.projection_inbox(projection))
    with load_on(bus):
        eventually(lambda: len(bus.recorder.events) > 50)
        with bus.connection() as connection:
            channel = connection.channel()
            for queue in ("coaching.inbox", "reporting.inbox", "journey.feed"):
                channel.queue_delete(queue)
            channel.exchange_delete("journey.events")
        eventually(lambda: len(bus.recorder.events) > 500)
    check_recovery(bus, projection)
    bus.close()


def test_a_relay_killed_repeatedly_loses_nothing(rabbitmq_uri: str, tmp_path: Path) -> None:
    bus, projection = Bus(rabbitmq_uri, tmp_path), FakeProjection()
    bus.consume(bus.policy_inbox())
    bus.consume(bus.projection_inbox(projection))
    with load_on(bus) as recorded:
        for _ in range(4):
            process = relay_process(bus)
            start = bus.checkpoints.load("relay")
            eventually(lambda start=start: bus.checkpoints.load("relay") > start)  # type: ignore[misc]  # mypy infers no lambda with a default
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        assert recorded() > 100
    process = relay_process(bus)
    check_recovery(bus, projection)
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
Relay(SqliteStore(path), SqliteCheckpoints(path), sys.argv[2], window_size=20).run()
"""


def relay_process(bus: Bus) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-W", "ignore", "-c", RELAY, str(bus.folder / "log.sqlite"), bus.uri], cwd=ROOT)


def test_a_database_that_restarts_under_load(own_postgres: PostgresServer, rabbitmq_uri: str, tmp_path: Path) -> None:
    bus = Bus(rabbitmq_uri, tmp_path, PostgresStore(own_postgres.dsn), PostgresCheckpoints(own_postgres.dsn))
    projection = FakeProjection()
    first, second = bus.start_relay(), Relay(bus.store, bus.checkpoints, bus.uri)
    bus.start(second)
    bus.consume(bus.policy_inbox())
    bus.consume(bus.projection_inbox(projection))
    written = 0
    for _ in range(2):
        for _ in range(20):
            written += len(bus.record(5))
        own_postgres.restart()
        eventually(lambda: log_is_available(bus))
    for _ in range(20):
        written += len(bus.record(5))
    check_recovery(bus, projection)
    assert len(projection.recorder.events) == written
    assert first.active != second.active
    bus.close()


def log_is_available(bus: Bus) -> bool:
    try:
        bus.store.head()
    except Unavailable:
        time.sleep(0.1)
        return False
    return True
