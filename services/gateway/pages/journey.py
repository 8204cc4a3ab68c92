"""The timeline of a person, and the page of one event as it was recorded."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.dependencies import GatewayDeps
from services.gateway.pages.french import local_day
from services.gateway.pages.rendering import Pages
from services.gateway.pages.sentences import Sentences
from services.gateway.problems import not_found
from services.gateway.read_access import ReadAccess
from services.gateway.reporting_client import ReportingClient
from services.gateway.request_context import RequestContext
from shared.errors import Forbidden
from shared.message import EventMessage

LATE_DAYS = 7  # between a fact and its recording, from which on the page mentions it
Model = dict[str, Any]


class JourneyPages:
    def __init__(self, pages: Pages, access: ReadAccess, reports: ReportingClient, deps: GatewayDeps) -> None:
        self.pages = pages
        self.access = access
        self.reports = reports
        self.feed = deps.feed
        self.sentences = Sentences(deps.services.values())

    def rules(self) -> Iterable[Rule]:
        yield Rule("/parcours/<person>", methods=["GET"], endpoint=self.journey)
        yield Rule("/evenement/<int:position>", methods=["GET"], endpoint=self.event)

    def journey(self, context: RequestContext, person: str) -> Response:
        identity = context.known()
        self.reports.caught_up(context)
        model = self.reports.timeline(person)
        steps = model["steps"]
        self.access.check_timeline(identity, person, {step["territory"] for step in steps})
        if not steps:
            raise not_found("Aucun événement ne parle de cette personne.")
        may_record = self.access.permissions.scope(identity.actor.role, "HoldInterview") is not None
        return self.pages.page(
            context,
            "journey.html",
            person=model["person"],
            years=self.by_year(steps),
            count=len(steps),
            may_record=may_record,
            last=steps[-1],
        )

    def event(self, context: RequestContext, position: int) -> Response:
        identity = context.known()
        event = self.feed.at(position)
        if event is None:
            raise not_found("Aucun événement n’est à cette position.")
        if self.access.visibility(identity, event) != "full":
            raise Forbidden("event_not_readable")
        raw = msgspec.json.format(msgspec.json.encode(event), indent=2).decode()
        data = msgspec.json.decode(event.data)
        sentence = self.sentences.of(event.kind, event.data)
        return self.pages.page(context, "event.html", event=event, sentence=sentence, data=data, raw=raw, delay=delay(event))

    def by_year(self, steps: Iterable[Model]) -> dict[int, list[Model]]:
        """The steps by year, in the order in which they happened; events of one command stay together."""
        years: dict[int, list[Model]] = {}
        for step in sorted(steps, key=lambda step: (step["on"], step["position"])):
            happened = date.fromisoformat(step["on"])
            late = (local_day(step["recorded"]) - happened).days
            sentence = self.sentences.of(step["kind"], msgspec.json.encode(step["data"]))
            years.setdefault(happened.year, []).append(step | {"sentence": sentence, "late": late if late > LATE_DAYS else 0})
        return years


def delay(event: EventMessage) -> int:
    return (local_day(event.recordedtime) - local_day(event.time)).days
