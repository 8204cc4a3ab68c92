"""The product on servers of its own, which the tests of this package kill, stop and start."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Any
from uuid import uuid4

import httpx
import pika
import pytest

from tests.processes import Process, Product, eventually, running, this_quarter
from tests.servers import PostgresServer, RabbitmqServer

CONSEQUENCES = ("JourneyOpened", "PrescriberInformed")  # the events that policies of coaching and referrals cause
INBOXES = ("intake.inbox", "coaching.inbox", "referrals.inbox", "reporting.inbox")


ORIENTATION_INTERVAL = 4  # one person in so many is oriented by a prescriber and accepted, which makes policies react


class Load:
    """Threads that identify persons without pause, and repeat each command with its id until it is accepted.

    Of every `interval` persons, a prescriber orients one: the consequences go through the inbox of each service.
    """

    def __init__(
        self, product: Product, callers: int = 3, attempts: int = 600, pause: float = 0, interval: int = ORIENTATION_INTERVAL
    ) -> None:
        self.product = product
        self.attempts = attempts
        self.interval = interval
        self.pause = pause  # seconds between two persons of a caller
        self.accepted: list[str] = []
        self.orientations: list[str] = []
        self.failures = Counter[int]()
        self.accepted_at = time.monotonic()  # the last command; none yet: the start
        self.broken: list[Exception] = []  # what ended a caller before its time
        self.stopping = threading.Event()
        self.tokens = {role: product.token(role, organisation) for role, organisation in (("coach", "etape"), ("prescriber", "ccas"))}
        self.threads = [threading.Thread(target=self.work) for _ in range(callers)]

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join(120)

    def work(self) -> None:
        try:
            self.identify_persons()
        except Exception as failure:
            self.broken.append(failure)  # `check_nothing_lost_or_repeated` fails with it: a thread tells nobody
            raise

    def identify_persons(self) -> None:
        with httpx.Client(base_url=self.product.url, timeout=30) as client:
            for number in count():
                if self.stopping.wait(self.pause):
                    return
                person = self.identify_person(client)
                if person and number % self.interval == 0:
                    self.orient(client, person)

    def identify_person(self, client: httpx.Client) -> str | None:
        id, person = str(uuid4()), str(uuid4())
        if not self.send_until_accepted(
            client, id, "IdentifyPerson", {"person": person, "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"}
        ):
            return None
        self.accepted.append(id)
        return person

    def orient(self, client: httpx.Client, person: str) -> None:
        id, orientation = str(uuid4()), str(uuid4())
        sent = {"orientation": orientation, "person": person, "kind": "CCAS", "needs": [], "urgency": False, "consent": True}
        answer = {"orientation": orientation, "referent": "coach-1"}
        received = self.send_until_accepted(client, str(uuid4()), "ReceiveOrientation", sent, "prescriber")
        if received and self.send_until_accepted(client, id, "AcceptOrientation", answer):
            self.orientations.append(id)

    def send_until_accepted(self, client: httpx.Client, id: str, command: str, data: dict[str, Any], role: str = "coach") -> bool:
        headers = {"Authorization": f"Bearer {self.tokens[role]}", "Idempotency-Key": id}
        for _ in range(self.attempts):
            try:
                answer = client.post(f"/v1/commands/{command}", json={"territory": "alencon", "data": data}, headers=headers)
            except httpx.HTTPError:
                self.failures[0] += 1
            else:
                if answer.is_success:
                    self.accepted_at = time.monotonic()
                    return True
                self.failures[answer.status_code] += 1
            if self.stopping.wait(0.2):
                return False  # the outcome is unknown: recorded once or not at all
        raise AssertionError(f"{command} never accepted; failures {self.failures}")

    def wait_for(self, more: int) -> None:
        """Wait until so many more commands are accepted."""
        target = len(self.accepted) + more
        eventually(lambda: len(self.accepted) >= target, f"{more} more accepted commands", 180)

    def __str__(self) -> str:
        failures = ", ".join(f"{number} × {status or 'no answer'}" for status, number in sorted(self.failures.items()))
        return (
            f"{len(self.accepted)} persons and {len(self.orientations)} orientations accepted, the last command "
            f"{time.monotonic() - self.accepted_at:.0f} s ago; failures: {failures or 'none'}; "
            f"callers at work: {sum(thread.is_alive() for thread in self.threads)} of {len(self.threads)} {self.broken or ''}"
        )


def dying(healthy: Process, call: str, when: str, number: int = 2) -> Process:
    """The same command, which kills itself at a call of a function (`dying.py`)."""
    return Process(*healthy.words, env=healthy.env, log=healthy.log, death=(call, when, number))


class Stage:
    """The product with its servers, and the checks that must hold after every fault."""

    def __init__(self, product: Product, postgres: PostgresServer, rabbitmq: RabbitmqServer, uri: str) -> None:
        self.product = product
        self.postgres = postgres
        self.rabbitmq = rabbitmq
        self.uri = uri

    def load(self, **options: Any) -> Load:
        return Load(self.product, **options)

    def history(self) -> list[dict[str, Any]]:
        done = self.product.tool("history")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def check_nothing_lost_or_repeated(self, load: Load) -> None:
        assert not load.broken
        self.product.ready(120)
        eventually(lambda: self.caused(load) >= self.expected(load), "every acceptance has its consequences", 120)
        eventually(self.live_equals_replay, "the facts reach the end of the log", 120)
        assert load.orientations
        assert self.caused(load) == self.expected(load)
        events = self.history()
        counts = Counter(event["commandid"] for event in events if event["type"].endswith("PersonIdentified"))
        assert {counts[id] for id in load.accepted} == {1}
        assert len({event["id"] for event in events}) == len(events)
        live = self.figures("indicators")
        assert live["indicators"]["people_met"]["value"] == sum(event["type"].endswith("PersonIdentified") for event in events)
        eventually(self.queues_are_empty, "every queue is empty", 120)
        assert all(process.alive() for process in self.product.processes.values())

    def expected(self, load: Load) -> Counter[tuple[str, str]]:
        return Counter((id, kind) for id in load.orientations for kind in CONSEQUENCES)

    def caused(self, load: Load) -> Counter[tuple[str, str]]:
        """The consequences of each accepted orientation: (id of the command that accepted it, event type)."""
        events = self.history()
        acceptances = {event["id"]: event["commandid"] for event in events if event["type"].endswith("OrientationAccepted")}
        known = set(load.orientations)
        followed = ((acceptances.get(event.get("causationid")), event["type"].rpartition(".")[2]) for event in events)
        return Counter((id, kind) for id, kind in followed if id in known and kind in CONSEQUENCES)

    def live_equals_replay(self) -> bool:
        return self.figures("indicators") == self.figures("replay")

    def figures(self, command: str) -> dict[str, Any]:
        done = self.product.tool(command, "--territory", "all", "--quarter", this_quarter(), "--json")
        assert done.returncode == 0, done.stderr
        figures: dict[str, Any] = json.loads(done.stdout)
        return figures

    def queues_are_empty(self) -> bool:
        connection = pika.BlockingConnection(pika.URLParameters(self.uri))
        channel = connection.channel()
        waiting = {queue: channel.queue_declare(queue, passive=True).method.message_count for queue in INBOXES}
        connection.close()
        return not any(waiting.values())


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    postgres, rabbitmq = PostgresServer(), RabbitmqServer()
    try:
        dsn, uri = postgres.create_database(), rabbitmq.create_vhost()
        env = {"PARCOURS_AMQP_URI": uri, "PARCOURS_EVENT_STORE": dsn, "PARCOURS_READ_MODELS": dsn}
        with running(tmp_path_factory.mktemp("stage"), env) as product:
            yield Stage(product, postgres, rabbitmq, uri)
    finally:
        rabbitmq.close()
        postgres.close()
