"""The way of a person, as a coach would tell it; and one event, as it was recorded."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

import msgspec
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.feed import Feed
from services.gateway.pages.french import paris_day
from services.gateway.pages.rendering import Pages
from services.gateway.pages.sentences import sentence
from services.gateway.problems import not_found
from services.gateway.read_access import ReadAccess
from services.gateway.reporting_client import ReportingClient
from services.gateway.request_context import RequestContext
from services.reporting.answers import TimelineEntry
from shared.errors import Forbidden
from shared.message import Actor, EventMessage, Position

LATE = 7  # days between a fact and its recording, after which it is said


class JourneyLine(NamedTuple):
    """An event about a person as the page shows it: in a French sentence, with its delay in days if it was recorded late."""

    on: str
    said: str
    actor: Actor
    territory: str
    late: int
    position: Position


class JourneyPages:
    def __init__(self, pages: Pages, access: ReadAccess, reports: ReportingClient, feed: Feed) -> None:
        self.pages = pages
        self.access = access
        self.reports = reports
        self.feed = feed

    def rules(self) -> Iterable[Rule]:
        yield Rule("/parcours/<person>", methods=["GET"], endpoint=self.journey)
        yield Rule("/evenement/<int:position>", methods=["GET"], endpoint=self.event)

    def journey(self, visit: RequestContext, person: str) -> Response:
        identity = visit.known()
        self.reports.wait_for_client(visit)
        model = self.reports.timeline(person)
        steps = model.entries
        self.access.timeline(identity, person, {step.territory for step in steps})
        if not steps:
            raise not_found("Aucun événement ne parle de cette personne.")
        may_record = self.access.permissions.scope(identity.actor.role, "HoldInterview") is not None
        return self.pages.page(
            visit, "journey.html", person=model.person, years=years(steps), count=len(steps), may_record=may_record, last=steps[-1]
        )

    def event(self, visit: RequestContext, position: int) -> Response:
        identity = visit.known()
        event = self.feed.at(position)
        if event is None:
            raise not_found("Aucun événement n’est à cette position.")
        if self.access.sight(identity, event) != "full":
            raise Forbidden(f"{identity.actor.id} may not read this event.")
        raw = msgspec.json.format(msgspec.json.encode(event), indent=2).decode()
        data = msgspec.json.decode(event.data)
        return self.pages.page(visit, "event.html", event=event, said=sentence(event.kind, data), data=data, raw=raw, delay=delay(event))


def delay(event: EventMessage) -> int:
    return (paris_day(event.recordedtime) - paris_day(event.time)).days


def years(entries: Iterable[TimelineEntry]) -> dict[int, list[JourneyLine]]:
    """The events by year, in the order in which they happened; those of one command stay together."""
    by_year: dict[int, list[JourneyLine]] = {}
    for entry in sorted(entries, key=lambda entry: (entry.on, entry.position)):
        happened = date.fromisoformat(entry.on)
        late = (paris_day(entry.recorded) - happened).days
        text = sentence(entry.kind, entry.data)
        line = JourneyLine(entry.on, text, entry.actor, entry.territory, late if late > LATE else 0, entry.position)
        by_year.setdefault(happened.year, []).append(line)
    return by_year
