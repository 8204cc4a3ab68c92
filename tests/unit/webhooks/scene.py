"""A log with webhooks, whose clock, resolver and receiver are given: for tests of what is sent."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from services.bootstrap.composition import Components
from services.bootstrap.settings import read_settings
from services.webhooks.delivery.post import NoAnswer
from services.webhooks.delivery.sender import Sender
from services.webhooks.delivery.targets import Target
from shared.message import Actor, CommandMessage
from shared.store.deliveries import Delivery
from shared.trust.access import Identity, system

PUBLIC = "93.184.216.34"
SCHEDULE = (10.0, 100.0)
COORDINATOR = Identity(Actor("coord-1", "coordinator", "etape"), ("*",))
COACH = Identity(Actor("coach-1", "coach", "etape"), ("alencon",))
COMMITTEE = Identity(Actor("committee-1", "committee", "etape"), ("alencon", "flers"))


class Crash(BaseException):
    """The process dies."""


class Scene:
    """A log with webhooks, and a receiver that answers `answers` in turn, then 204."""

    def __init__(self, folder: Path) -> None:
        self.components = Components(read_settings(folder, environ={}))
        self.components.webhook_targets.resolve = self.resolve
        self.addresses = [PUBLIC]
        self.resolved = 0
        self.now = datetime.now(UTC)
        self.answers: list[int | str] = []
        self.sent: list[tuple[Target, Mapping[str, str], bytes]] = []
        self.parts = replace(
            self.components.webhook_worker().parts, post=self.post, clock=lambda: self.now, schedule=SCHEDULE, chance=lambda: 0.5
        )

    def resolve(self, host: str, port: int) -> list[str]:
        self.resolved += 1
        return self.addresses

    def post(self, target: Target, headers: Mapping[str, str], body: bytes) -> int:
        self.sent.append((target, headers, body))
        answer = self.answers.pop(0) if self.answers else 204
        if isinstance(answer, str):
            raise Crash if answer == "crash" else NoAnswer(answer)
        return answer

    def give(self, name: str, who: Identity, data: dict[str, Any], territory: str = "all", **more: Any) -> int:
        service = "intake" if name == "IdentifyPerson" else "webhooks"
        message = CommandMessage(
            id=uuid4(), type=name, actor=who.actor, territory=territory, time=more.pop("time", datetime.now(UTC)), data=data, **more
        )
        return self.components.handlers[service].handle(message, who).position

    def create(self, who: Identity = COORDINATOR, webhook: str = "w-1", **data: Any) -> Sender:
        self.give("CreateWebhook", who, {"webhook": webhook, "url": "https://hooks.example/a", "types": ["intake"], **data})
        self.components.webhook_worker().index.catch_up()
        return Sender(webhook, self.parts, lambda: True)

    def ask(self, name: str, who: Identity = COORDINATOR, **data: Any) -> int:
        return self.give(name, who, {"webhook": "w-1", **data})

    def meet(self, *persons: str, territory: str = "alencon", **more: Any) -> None:
        for person in persons:
            data = {"person": person, "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"}
            self.give("IdentifyPerson", system("tool"), data, territory, **more)

    def work(self, sender: Sender) -> float | None:
        """Step until there is something to wait for."""
        while (wait := sender.step()) == 0:
            pass
        return wait

    @property
    def events(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(body) for _, _, body in self.sent]

    @property
    def persons(self) -> list[str]:
        return [event["data"]["person"] for event in self.events]

    def row(self, webhook: str = "w-1") -> Delivery:
        return self.components.webhook_deliveries.latest(webhook, 1)[0]

    def answer(self, webhook: str = "w-1") -> dict[str, Any]:
        return dict(self.components.webhook_queries.webhook(webhook))
