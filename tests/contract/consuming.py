"""An installation whose consumers are driven by hand: the inboxes of policies, the relay's cursor, a webhook, and the read models."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from services.bootstrap.composition import Components
from services.bootstrap.consumers import beside_log, of_reporting, policy_evidence
from services.bootstrap.settings import read_settings
from services.bootstrap.wiring import policy_inbox
from services.reporting.projection.projector import Projector
from services.webhooks.delivery.sender import Sender
from shared.bus.checkpoint import CachedCheckpoint
from shared.bus.policy_inbox import PolicyInbox
from shared.bus.relay import Relay
from shared.message import Actor, CommandMessage, EventMessage, Position
from shared.proof.coverage_audit import CoverageFault, Reading, audited
from shared.time import now
from shared.trust.access import Identity

COORDINATOR = Identity(Actor("coord-1", "coordinator", "etape"), ("*",))
COACH = Identity(Actor("coach-1", "coach", "etape"), ("*",))
PRESCRIBER = Identity(Actor("prescriber-1", "prescriber", "ccas"), ("*",))
ORIENTATION = {"kind": "CCAS", "needs": [], "urgency": False, "consent": True}


class Installation:
    """`sent` are the persons that a receiver of the webhook w-1 was told of."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.components = Components(read_settings(folder, environ=environ))
        self.components.publish_definitions()
        self.store = self.components.store
        self.sent: list[str] = []
        self.components.webhook_targets.resolve = lambda host, port: ["93.184.216.34"]
        self.parts = replace(self.components.webhook_worker().parts, post=self.post, schedule=(0.0,))

    def post(self, target: object, headers: object, body: bytes) -> int:
        self.sent.append(msgspec.json.decode(body)["data"]["person"])
        return 204

    def give(self, service: str, name: str, data: dict[str, Any], who: Identity = COACH, territory: str = "alencon") -> Position:
        message = CommandMessage(id=uuid4(), type=name, actor=who.actor, territory=territory, time=now(), data=data)
        return self.components.handlers[service].handle(message, who).position

    def meet(self, person: str) -> Position:
        data = {"person": person, "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT", "qpv": None}
        return self.give("intake", "IdentifyPerson", data)

    def orient(self, person: str) -> Position:
        """A person is met and oriented; returns the position at which the orientation was accepted, to which policies react."""
        self.meet(person)
        return self.accept(person, f"o-{person}")

    def accept(self, person: str, orientation: str) -> Position:
        self.give("intake", "ReceiveOrientation", {"orientation": orientation, "person": person} | ORIENTATION, PRESCRIBER)
        return self.give("intake", "AcceptOrientation", {"orientation": orientation, "referent": "coach-1"})

    def create_webhook(self) -> None:
        data = {"webhook": "w-1", "url": "https://w-1.example/", "types": ["intake.PersonIdentified"], "after": 0}
        self.give("webhooks", "CreateWebhook", data, COORDINATOR, "all")
        with self.components.checkpoints.lease("webhooks", 1) as held:
            self.components.webhook_worker().index.catch_up(held)

    # The consumers ------------------------------------------------------------------------------------------------------

    def inbox(self, service: str = "coaching") -> PolicyInbox:
        inbox = policy_inbox(self.components, service)
        assert isinstance(inbox, PolicyInbox)
        return inbox

    def react(self, inbox: PolicyInbox | None = None) -> None:
        inbox = inbox or self.inbox()
        inbox.catch_up()
        inbox.flush()

    def react_all(self) -> None:
        """Policies of all services, until nothing follows."""
        head = None
        while head != self.store.head():
            head = self.store.head()
            for service in ("intake", "coaching", "referrals"):
                self.react(self.inbox(service))

    def relay(self, read: Any = None) -> None:
        """What the relay keeps when it publishes: nothing here is a broker."""
        relay = Relay(self.store, self.components.checkpoints, "embedded://")
        checkpoint = CachedCheckpoint(self.components.checkpoints, "relay")
        relay.begin(checkpoint)
        while page := (read or self.store.read_all)(checkpoint.position, 7):
            relay.published(checkpoint, page)
        checkpoint.save()

    def send(self) -> None:
        sender = Sender("w-1", self.parts, lambda: True)
        while sender.step() == 0:
            pass

    @property
    def projector(self) -> Projector:
        return Projector(self.components.reports, self.store)

    def fold(self, *, without: Position | None = None) -> None:
        projector = self.projector
        reached = projector.checkpoint()
        while page := self.store.read_all(reached):
            reached = projector.apply([event for event in page if event.position != without])

    # What is found ------------------------------------------------------------------------------------------------------

    def found(self) -> dict[str, list[CoverageFault]]:
        consumers = [*beside_log(self.components), *of_reporting(self.components)]
        return audited(Reading(self.components.raw_store), self.store.head(), consumers)

    def faults(self) -> list[tuple[str, str, Position]]:
        return [(name, fault.kind, fault.position) for name, faults in self.found().items() for fault in faults]

    def untraced(self, waiting: Sequence[EventMessage] = ()) -> list[tuple[str, str, Position]]:
        """What policies left no trace of in the log, each event once."""
        evidence = policy_evidence(self.components, [*beside_log(self.components)], {event.id for event in waiting})
        return sorted({(service, fault.kind, fault.position) for service, fault in evidence.faults()})


class Without:
    """A log that a defect reads: without the event at one position."""

    def __init__(self, store: Any, position: Position) -> None:
        self.store, self.position = store, position

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def read_all(self, after: Position, limit: int = 1_000) -> list[EventMessage]:
        return [event for event in self.store.read_all(after, limit) if event.position != self.position]
