"""The mirror in DuckDB has every event once, whatever is killed: relays, the mirror itself, and a stream that lost events."""

import json
import os
import re
import runpy
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import pika
import pytest

from parcours_client import Event, Parcours
from parcours_client.feed import STREAM, Place
from shared.store.postgres.checkpoints import PostgresCheckpoints
from tests.clients.connections import client
from tests.clients.dying_relay import relays_die
from tests.clients.persons import TERRITORY, at, identify, new_person
from tests.contract.bus.running import Bus
from tests.forks import ROOT, WITH_ITS_PARENT
from tests.processes import Product, eventually, running
from tests.servers import GivenPostgres, GivenRabbitmq

PROGRAM = ROOT / "demo" / "frontends" / "duckdb_mirror" / "mirror.py"
QUESTIONS = re.compile(r"^```sql\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WRITTEN = re.compile(r"written up to position (\d+)")


class Mirror:
    """The program, with its output in a file: DuckDB lets no other process look into a database that is written to."""

    def __init__(self, folder: Path, uri: str, **env: str) -> None:
        self.database, self.log = folder / "mirror.duckdb", folder / "mirror.log"
        self.command = [*WITH_ITS_PARENT, sys.executable, str(PROGRAM), str(self.database), uri]
        self.env = {**os.environ, "PYTHONPATH": str(ROOT / "clients" / "python" / "src"), **env}

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.child = subprocess.Popen(self.command, env=self.env, stdout=out, stderr=out, cwd="/")

    @property
    def written(self) -> int:
        """The last position that was written; what the file says last may have been lost with a killed process."""
        found = WRITTEN.findall(self.log.read_text()) if self.log.exists() else []
        return int(found[-1]) if found else 0

    def end(self, number: int = signal.SIGTERM) -> None:
        self.child.send_signal(number)
        self.child.wait(20)

    def rows(self, question: str = "SELECT * FROM events ORDER BY position") -> list[tuple[Any, ...]]:
        with closing(duckdb.connect(str(self.database), read_only=True)) as database:
            return database.execute(question).fetchall()


@pytest.fixture
def bus(rabbitmq_uri: str, tmp_path: Path) -> Iterator[Bus]:
    opened = Bus(rabbitmq_uri, tmp_path)
    yield opened
    opened.close()


def test_it_is_exact_after_kills_of_relays_and_of_itself(bus: Bus, tmp_path: Path) -> None:
    mirror = Mirror(tmp_path, bus.uri)
    mirror.start()
    for _ in range(3):
        before = mirror.written
        relays_die(bus, 2)
        relay = bus.start_relay()
        eventually(lambda before=before: mirror.written > before)  # type: ignore[misc]  # mypy infers no lambda with a default
        mirror.end(signal.SIGKILL)
        bus.stop(relay)
        mirror.start()
    bus.start_relay()
    head = bus.store.head()
    eventually(lambda: mirror.written == head, "the mirror reaches the head of the log")
    mirror.end()
    log = [(event.position, event.id) for event in bus.store.read_all(0, 1_000_000)]
    assert [(position, id) for position, id, *_ in mirror.rows()] == log
    assert mirror.rows("SELECT position FROM place") == [(head,)]


def test_what_the_stream_lost_is_read_from_the_gateway(
    rabbitmq_server: GivenRabbitmq, postgres_server: GivenPostgres, tmp_path: Path
) -> None:
    """The stream is deleted with what it held, and events are recorded before a relay makes it again. The rows are those of the log."""
    with rabbitmq_server.vhost() as uri, postgres_server.database() as dsn:
        env = {"PARCOURS_AMQP_URI": uri, "PARCOURS_EVENT_STORE": dsn, "PARCOURS_READ_MODELS": dsn}
        with running(tmp_path, env) as product, client(product, "coach") as coach, closing(PostgresCheckpoints(dsn)) as checkpoints:
            meet(coach, 5)
            head = history(product)[-1]["position"]
            eventually(lambda: checkpoints.load("feed") == head)
            product.processes["relay"].kill()
            delete_stream(uri)
            meet(coach, 5)
            product.processes["relay"].start()
            mirror = Mirror(tmp_path, uri, PARCOURS_URL=product.url, PARCOURS_TOKEN=product.token("auditor"))
            mirror.start()
            meet(coach, 5)
            events = history(product)
            eventually(lambda: mirror.written >= events[-1]["position"])
            mirror.end()
    assert "the stream holds nothing after position 0" in mirror.log.read_text()
    rows = mirror.rows("SELECT position, id::VARCHAR, type, territory, actor, data FROM events ORDER BY position")
    expected = [(each["position"], each["id"], each["type"], each["territory"], each["actor"]["id"], each["data"]) for each in events]
    assert [(*row[:-1], json.loads(row[-1])) for row in rows] == expected
    (questions,) = QUESTIONS.findall((PROGRAM.parent / "README.md").read_text())
    assert [mirror.rows(question) for question in questions.splitlines()] == [[(TERRITORY, 15)], []]


def test_what_a_restored_log_lost_is_deleted_and_may_be_recorded_again(tmp_path: Path) -> None:
    """The command of a lost event is sent again: its event has the same id, at another position."""
    program = runpy.run_path(str(PROGRAM))
    ids = [str(uuid4()) for _ in range(4)]
    kept, lost, other = (told(position, ids[position - 1]) for position in (1, 2, 3))
    restored = told(1_000, ids[3], "reporting.LogRestored", {"type": "LogRestored", "after": 1, "backup": None, "on": "2024-06-30"})
    mirror = program["Mirror"](str(tmp_path / "mirror.duckdb"))
    mirror.write([kept, lost, other], Place(0, 3))
    mirror.write([restored, told(1_001, ids[1])], Place(4, 1_001))
    rows = mirror.database.execute("SELECT position, id::VARCHAR FROM events ORDER BY position").fetchall()
    assert rows == [(1, ids[0]), (1_000, ids[3]), (1_001, ids[1])]


def told(position: int, id: str, kind: str = "intake.ContactClosed", data: dict[str, Any] | None = None) -> Event:
    """An event as the stream has it."""
    more = {"actorid": "coach-1", "actorrole": "coach", "commandid": str(uuid4()), "data": data or {"type": "ContactClosed"}}
    times = dict.fromkeys(("time", "recordedtime"), "2024-06-30T10:00:00Z")
    names = {"type": f"fr.parcours.{kind}", "source": "/parcours", "subject": "s", "territory": "alencon"}
    form = {"specversion": "1.0", "datacontenttype": "application/json", "dataschema": f"urn:parcours:{kind}:1"}
    return Event.from_dict({"id": id, "position": position, "streamversion": 1, **more, **times, **names, **form})


def meet(coach: Parcours, count: int) -> None:
    for _ in range(count):
        coach.send(identify(new_person()), TERRITORY, time=at(0))


def history(product: Product) -> list[dict[str, Any]]:
    return [json.loads(line) for line in product.tool("history").stdout.splitlines()]


def delete_stream(uri: str) -> None:
    with closing(pika.BlockingConnection(pika.URLParameters(uri))) as connection:
        connection.channel().queue_delete(STREAM)
