"""The timeline of a person, and the page of one event as it was recorded."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

import msgspec
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.dependencies import GatewayDeps
from services.gateway.pages.form_choices import FormChoices
from services.gateway.pages.french import local_day
from services.gateway.pages.openable import Openable
from services.gateway.pages.person_record import followed_in
from services.gateway.pages.rendering import Pages
from services.gateway.pages.sentences import Sentences
from services.gateway.pages.set_aside import APPROVE
from services.gateway.parameter_kinds import POSITION_KIND
from services.gateway.personal_data import PersonalData
from services.gateway.problems import not_found
from services.gateway.read_access import ReadAccess
from services.gateway.reporting_client import ReportingClient
from services.gateway.request_context import RequestContext
from services.reporting.answers import TimelineEntry
from services.vocabulary.programme import PROGRAMME
from services.vocabulary.set_aside import STREAM, RequestedAside, SettingAside, requests_aside, settings_aside
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
    def __init__(
        self,
        pages: Pages,
        access: ReadAccess,
        reports: ReportingClient,
        deps: GatewayDeps,
        choices: FormChoices,
        openable: Openable,
        personal: PersonalData,
    ) -> None:
        self.personal = personal
        self.pages = pages
        self.access = access
        self.reports = reports
        self.deps = deps
        self.choices = choices
        self.openable = openable
        self.territories = dict(deps.territories) | {PROGRAMME: "ensemble du programme"}
        self.sentences = Sentences(deps.services.values(), deps.territories)

    def rules(self) -> Iterable[Rule]:
        yield Rule("/parcours/<person>", methods=["GET"], endpoint=self.journey)
        yield Rule("/evenement/<position>", methods=["GET"], endpoint=self.event)

    def journey(self, context: RequestContext, person: str) -> Response:
        identity = context.known()
        self.reports.wait_for_client(context)
        timeline = self.reports.timeline(person)
        followed = followed_in(timeline.entries)
        self.access.check_timeline(identity, person, followed)
        entries = self.personal.timeline(identity, person, followed, timeline.entries)
        if not entries:
            raise not_found("Aucun événement ne parle de cette personne.")
        return self.pages.page(
            context,
            "journey.html",
            person=timeline.person,
            years=self.by_year(entries),
            count=len(entries),
            opens=self.openable.events(identity, [entry.position for entry in entries]),
            may_record=self.choices.may_record(identity, entries),
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
        opened = self.personal.event(identity, event)
        person, (aside, requested) = data.get("person"), self.deps.native(self.set_aside, event.position)
        return self.pages.page(
            context,
            "event.html",
            event=event,
            sentence=self.sentences.of(event.kind, msgspec.json.encode(opened)),
            person=person,
            opens_person=person in self.openable.persons(identity, [person]),
            raw=raw,
            delay=delay(event),
            aside=aside,
            requested=requested,
            may_approve=self.access.permissions.scope(identity.actor.role, APPROVE) is not None,
            opens=self.openable.events(identity, [aside.since]) if aside else (),
            territories=self.territories,
            anonymous=ANONYMOUS.id,
        )

    def set_aside(self, position: Position) -> tuple[SettingAside | None, RequestedAside | None]:
        """Why an event counts nowhere, if two people decided so; and who asks for it, if one does. Blocks."""
        events = self.deps.store.read_stream(STREAM)
        decided = next((one for one in settings_aside(events) if one.position == position), None)
        return decided, next((one for one in requests_aside(events) if one.position == position), None)

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


def delay(event: EventMessage) -> int:
    return (local_day(event.recordedtime) - local_day(event.time)).days
