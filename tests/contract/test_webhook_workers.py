"""Several processes may send webhooks: one of them does, and another goes on when it stops, on SQLite and on PostgreSQL."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from services.bootstrap.composition import Components
from services.bootstrap.settings import read_settings
from services.bootstrap.wiring import wire
from services.webhooks.delivery.post import Post
from services.webhooks.delivery.targets import Target
from services.webhooks.delivery.worker import Worker
from shared.message import Actor, CommandMessage
from shared.time import now
from shared.trust.access import Identity, system
from tests.processes import eventually

COORDINATOR = Identity(Actor("coord-1", "coordinator", "etape"), ("*",))


class Instance:
    """A process that sends, as far as a thread can be one: with connections of its own."""

    def __init__(self, folder: Path, environ: Mapping[str, str], post: Post) -> None:
        self.components = Components(read_settings(folder, environ=environ))
        self.components.webhook_targets.resolve = lambda host, port: ["93.184.216.34"]
        built = self.components.webhook_worker()
        self.worker = Worker(built.checkpoints, built.index, replace(built.parts, post=post, schedule=(0.05,) * 50))
        self.thread = threading.Thread(target=self.worker.run, daemon=True)

    def stop(self) -> None:
        self.worker.stop()
        self.thread.join(20)
        assert not self.thread.is_alive()

    def give(self, service: str, name: str, who: Identity, data: dict[str, Any], territory: str) -> None:
        message = CommandMessage(id=uuid4(), type=name, actor=who.actor, territory=territory, time=now(), data=data)
        self.components.handlers[service].handle(message, who)

    def create(self, webhook: str) -> None:
        data = {"webhook": webhook, "url": f"https://{webhook}.example/", "types": ["intake"]}
        self.give("webhooks", "CreateWebhook", COORDINATOR, data, "all")

    def meet(self, person: str) -> None:
        data = {"person": person, "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"}
        self.give("intake", "IdentifyPerson", system("tool"), data, "alencon")


@pytest.fixture(params=["sqlite", "postgres"])
def environ(request: pytest.FixtureRequest) -> dict[str, str]:
    return {} if request.param == "sqlite" else {"PARCOURS_EVENT_STORE": str(request.getfixturevalue("postgres_dsn"))}


def has(taken: Sequence[object], number: int) -> bool:
    return len(taken) == number


def test_one_of_several_processes_sends_and_another_goes_on_when_it_stops(tmp_path: Path, environ: dict[str, str]) -> None:
    taken: list[tuple[int, str, str]] = []
    lock = threading.Lock()

    def receiver(number: int) -> Post:
        def post(target: Target, headers: Mapping[str, str], body: bytes) -> int:
            with lock:
                taken.append((number, target.host, msgspec.json.decode(body)["data"]["person"]))
            return 204

        return post

    instances = [Instance(tmp_path, environ, receiver(number)) for number in range(3)]
    webhooks = [f"w-{number}" for number in range(4)]
    for webhook in webhooks:
        instances[0].create(webhook)
    for instance in instances:
        instance.thread.start()
    met = [f"p-{number}" for number in range(15)]
    left = list(instances)
    for count, person in enumerate(met, 1):
        left[-1].meet(person)
        if count % 5 == 0:
            eventually(partial(has, taken, count * len(webhooks)), "all webhooks")
            active = {number for number, _, _ in taken[-len(webhooks) :]}
            assert len(active) == 1
            if len(left) > 1:
                stopped = instances[active.pop()]
                stopped.stop()
                left.remove(stopped)
    left[0].stop()
    for webhook in webhooks:
        assert [person for _, host, person in taken if host == f"{webhook}.example"] == met
    assert len({number for number, _, _ in taken}) == 3


def test_services_that_are_started_again_send_again(tmp_path: Path) -> None:
    """A process starts its services again when one of them fails: the worker that was stopped then is not the one that goes on."""
    components = Components(read_settings(tmp_path, environ={}))
    first, second = (wire(components, ["webhooks"])["webhooks"]["worker"] for _ in range(2))
    first.stop()
    assert first.stopping.is_set()
    assert not second.stopping.is_set()
