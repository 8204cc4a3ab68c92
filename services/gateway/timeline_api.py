"""What happened to one person, over HTTP: a page of their events, in the order of the log, each with its sentence."""

from collections.abc import Container, Iterable
from typing import Any

import msgspec
from msgspec import Struct
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.commands_api import json_response
from services.gateway.cursors import cursor_of, values_in
from services.gateway.dependencies import GatewayDeps
from services.gateway.pages.openable import Openable
from services.gateway.pages.person_record import followed_in
from services.gateway.pages.sentences import Sentences
from services.gateway.parameter_kinds import POSITION_KIND
from services.gateway.people_api import NOBODY_KNOWN
from services.gateway.personal_data import PersonalData
from services.gateway.problems import not_found, unreadable
from services.gateway.read_access import ReadAccess
from services.gateway.reporting_client import ReportingClient
from services.gateway.request_context import RequestContext
from services.reporting.answers import TimelineEntry
from shared.message import Actor, Position

DEFAULT_ENTRIES = 100
NOT_KEPT = {"Cache-Control": "no-store"}  # an answer with something personal in it


class EventLine(Struct, frozen=True):
    """An event and its sentence. `data` are null where the reader may not open the event."""

    position: Position
    id: str
    kind: str
    on: str
    recorded: str
    territory: str
    actor: Actor
    sentence: str
    data: dict[str, Any] | None


class TimelineLine(EventLine, frozen=True):
    """An event about a person. `set_aside` is why it counts nowhere."""

    set_aside: str | None


class TimelinePage(Struct, frozen=True):
    person: str
    records: list[str]
    items: list[TimelineLine]
    next: str | None


class TimelineApi:
    def __init__(self, deps: GatewayDeps, access: ReadAccess, reports: ReportingClient, personal: PersonalData) -> None:
        self.personal = personal
        self.access = access
        self.reports = reports
        self.openable = Openable(access, reports, deps)
        self.sentences = Sentences(deps.services.values(), deps.territories)

    def rules(self) -> Iterable[Rule]:
        yield Rule("/v1/people/<person>/timeline", methods=["GET"], endpoint=self.timeline)

    def timeline(self, context: RequestContext, person: str) -> Response:
        identity = context.known()
        self.reports.wait_for_client(context)
        timeline = self.reports.timeline(person)
        followed = followed_in(timeline.entries)
        self.access.check_timeline(identity, person, followed)
        if not timeline.entries:
            raise not_found(NOBODY_KNOWN)
        after, limit = start(context), context.query.get("limit", DEFAULT_ENTRIES)
        rest = [entry for entry in timeline.entries if entry.position > after]
        shown = self.personal.timeline(identity, person, followed, rest[:limit])
        opens = self.openable.events(identity, [entry.position for entry in shown])
        following = cursor_of("position", [str(shown[-1].position)]) if len(rest) > limit else None
        lines = [TimelineLine(**event_members(entry, self.sentences, opens), set_aside=entry.set_aside) for entry in shown]
        told = NOT_KEPT if shown != rest[:limit] else None
        return json_response(TimelinePage(timeline.person, timeline.records, lines, following), headers=told)


def event_members(entry: TimelineEntry, sentences: Sentences, opens: Container[Position]) -> dict[str, Any]:
    """The members of an EventLine; `opens` are the positions of the events that the reader may open."""
    return {
        "position": entry.position,
        "id": entry.event_id,
        "kind": entry.kind,
        "on": entry.on,
        "recorded": entry.recorded,
        "territory": entry.territory,
        "actor": entry.actor,
        "sentence": sentences.of(entry.kind, msgspec.json.encode(entry.data)),
        "data": entry.data if entry.position in opens else None,
    }


def start(context: RequestContext) -> Position:
    """The position after which a page of a timeline begins.

    Raises:
        Problem: 400, the cursor is that of something else.
    """
    if "cursor" not in context.query:
        return 0
    try:
        position: Position = POSITION_KIND.read(values_in(context.query["cursor"], "position", 1)[0])
    except ValueError as fault:
        raise unreadable("cursor : ce n’est pas la suite d’une liste.") from fault
    return position
