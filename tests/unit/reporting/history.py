"""A small log for tests: a list of events as the services record them, without a store."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from msgspec import Raw

from services.vocabulary.programme import Grouping, Programme, Territory
from shared.message import Actor, EventMessage, Position

V1 = json.loads((Path(__file__).parents[3] / "deploy/definitions/v1.json").read_text())
COACH = Actor("coach-1", "coach", "ETAPE")


TOWNS = {"alencon": "Alençon", "flers": "Flers", "argentan": "Argentan", "laigle": "L’Aigle"}
ORNE = Programme(
    "orne",
    "Orne",
    date(2022, 6, 1),
    [Territory(id, label) for id, label in TOWNS.items()],
    groupings=(Grouping("ouest", "Flers et Argentan", ("flers", "argentan")),),
)


class History:
    """`record` adds one event, recorded a minute after it happened unless `recorded` gives another day.

    The other methods add the events of a usual case. With `defined`, the first event publishes version 1 of the definitions.
    """

    def __init__(self, *, defined: bool = True) -> None:
        self.events: list[EventMessage] = []
        if defined:
            self.record("reporting.DefinitionsPublished", "2022-06-01", "all", **V1)

    def read_at(self, positions: Sequence[Position]) -> list[EventMessage]:
        """The events at these positions, as EventStore.read_at returns them."""
        return [event for event in self.events if event.position in set(positions)]

    def record(self, kind: str, on: str, /, at: str = "alencon", recorded: str | None = None, **data: Any) -> EventMessage:
        position = len(self.events) * 3 + 2  # with gaps, since positions are opaque
        moment = datetime.fromisoformat(f"{on}T10:00:00").replace(tzinfo=UTC)
        event = EventMessage(
            position=position,
            previous=self.events[-1].position if self.events else 0,
            streamversion=1,
            recordedtime=datetime.fromisoformat(f"{recorded}T10:00:00").replace(tzinfo=UTC) if recorded else moment + timedelta(minutes=1),
            id=uuid5(NAMESPACE_URL, str(position)),
            type=f"fr.parcours.{kind}",
            source="/parcours/test",
            subject="test",
            time=moment,
            dataschema=f"urn:parcours:{kind}:1",
            territory=at,
            actor=COACH,
            commandid=uuid5(NAMESPACE_URL, f"c{position}"),
            data=Raw(json.dumps({"on": on, "territory": at} | data).encode()),
        )
        self.events.append(event)
        return event

    def meet(self, person: str, on: str, at: str = "alencon", radar: str = "NON_INSCRIT") -> None:
        self.record("intake.PersonIdentified", on, at, person=person, channel="RUE", place="", radar=radar)

    def coach(self, person: str, on: str, at: str = "alencon", rank: int = 1) -> None:
        self.record("coaching.JourneyOpened", on, at, person=person, rank=rank, orientation=None)

    def job(
        self, person: str, on: str, contract: str, months: int | None = None, at: str = "alencon", rank: int = 1, outcome: str = "o1"
    ) -> None:
        self.record("coaching.JobFound", on, at, person=person, rank=rank, outcome=outcome, contract=contract, months=months)

    def leave(self, person: str, on: str, *outcomes: str, at: str = "alencon", rank: int = 1, recorded: str | None = None) -> None:
        reason = "OUTCOME" if outcomes else "ABANDON"
        self.record(
            "coaching.JourneyExited", on, at, recorded, person=person, rank=rank, exit_on=on, reason=reason, outcomes=list(outcomes)
        )

    def refer(self, person: str, on: str, referral: str, at: str = "alencon") -> None:
        self.record("referrals.ReferralSent", on, at, person=person, referral=referral, partner="CAP", thematique="mobilite")

    def success(self, person: str, opened: str, left: str, contract: str = "CDI", at: str = "alencon", rank: int = 1) -> None:
        self.coach(person, opened, at, rank)
        self.job(person, left, contract, at=at, rank=rank, outcome=f"o{rank}")
        self.leave(person, left, f"o{rank}", at=at, rank=rank)


def day(text: str) -> date:
    return date.fromisoformat(text)
