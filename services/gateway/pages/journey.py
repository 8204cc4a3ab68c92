"""The timeline of a person, and the page of one event as it was recorded."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

import msgspec
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.dependencies import GatewayDeps
from services.gateway.pages.french import local_day
from services.gateway.pages.rendering import Pages
from services.gateway.pages.sentences import Sentences
from services.gateway.parameter_kinds import POSITION_KIND
from services.gateway.problems import not_found
from services.gateway.read_access import PROGRAMME, ReadAccess
from services.gateway.reporting_client import ReportingClient
from services.gateway.request_context import RequestContext
from services.reporting.answers import TimelineEntry
from services.vocabulary.person_standing import MOVES
from services.vocabulary.set_aside import STREAM, SettingAside, settings_aside
from shared.errors import Forbidden
from shared.message import ANONYMOUS, Actor, EventMessage, Position

LATE_DAYS = 7  # between a fact and its recording; the page mentions longer delays


class JourneyLine(NamedTuple):
    """An event about a person as the page shows it: a French sentence, the delay in days of a late recording, why it is set aside."""

    on: str
    sentence: str
    actor: Actor
    territory: str
    late: int
    position: Position
    set_aside: str | None


class JourneyPages:
    def __init__(self, pages: Pages, access: ReadAccess, reports: ReportingClient, deps: GatewayDeps) -> None:
        self.pages = pages
        self.access = access
        self.reports = reports
        self.deps = deps
        self.territories = dict(deps.territories) | {PROGRAMME: "ensemble du programme"}
        self.sentences = Sentences(deps.services.values())

    def rules(self) -> Iterable[Rule]:
        yield Rule("/parcours/<person>", methods=["GET"], endpoint=self.journey)
        yield Rule("/evenement/<position>", methods=["GET"], endpoint=self.event)

    def journey(self, context: RequestContext, person: str) -> Response:
        identity = context.known()
        self.reports.wait_for_client(context)
        timeline = self.reports.timeline(person)
        entries = timeline.entries
        self.access.check_timeline(identity, person, followed_in(entries))
        if not entries:
            raise not_found("Aucun événement ne parle de cette personne.")
        may_record = self.access.permissions.scope(identity.actor.role, "HoldInterview") is not None
        return self.pages.page(
            context,
            "journey.html",
            person=timeline.person,
            years=self.by_year(entries),
            count=len(entries),
            may_record=may_record,
            last=entries[-1],
            territories=self.territories,
        )

    def event(self, context: RequestContext, position: str) -> Response:
        identity = context.known()
        try:
            event = self.deps.feed.at(POSITION_KIND.read(position))
        except ValueError:  # not a position
            event = None
        if event is None:
            raise not_found("Aucun événement n’est à cette position.")
        if not self.access.may_read(identity, event):
            raise Forbidden("event_not_readable")
        raw = msgspec.json.format(msgspec.json.encode(event), indent=2).decode()
        data = msgspec.json.decode(event.data)
        sentence = self.sentences.of(event.kind, event.data)
        return self.pages.page(
            context,
            "event.html",
            event=event,
            sentence=sentence,
            data=data,
            raw=raw,
            delay=delay(event),
            aside=self.deps.native(self.set_aside, event.position),
            territories=self.territories,
            anonymous=ANONYMOUS.id,
        )

    def set_aside(self, position: Position) -> SettingAside | None:
        """Why an event counts nowhere, if two people decided so. Blocks."""
        return next((one for one in settings_aside(self.deps.store.read_stream(STREAM)) if one.position == position), None)

    def by_year(self, entries: Iterable[TimelineEntry]) -> dict[int, list[JourneyLine]]:
        """The lines by year, in the order in which the events happened; those of one command stay together."""
        years: dict[int, list[JourneyLine]] = {}
        for entry in sorted(entries, key=lambda entry: (entry.on, entry.position)):
            years.setdefault(date.fromisoformat(entry.on).year, []).append(self.line(entry))
        return years

    def line(self, entry: TimelineEntry) -> JourneyLine:
        sentence = self.sentences.of(entry.kind, msgspec.json.encode(entry.data))
        late = (local_day(entry.recorded) - date.fromisoformat(entry.on)).days
        return JourneyLine(
            entry.on, sentence, entry.actor, entry.territory, late if late > LATE_DAYS else 0, entry.position, entry.set_aside
        )


def followed_in(entries: Iterable[TimelineEntry]) -> set[str]:
    """The territories that follow the person or did: not every one where something was recorded.

    Of somebody whom nobody follows yet, those to which they were sent: what others recorded is never shown because of an orientation.
    """
    moves = [entry for entry in entries if entry.kind in MOVES]
    sent = [entry for entry in entries if entry.kind == "intake.OrientationReceived"]
    return {str(entry.data.get("to_territory") or entry.territory) for entry in moves or sent}


def delay(event: EventMessage) -> int:
    return (local_day(event.recordedtime) - local_day(event.time)).days
