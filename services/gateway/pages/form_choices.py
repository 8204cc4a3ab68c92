"""What the lists of a form offer to a visitor: codes, thematiques, the partners of a territory, what a person's journey states."""

from collections.abc import Mapping, Sequence

import msgspec

from services.gateway.dependencies import GatewayDeps
from services.gateway.pages.form_data import choices_of
from services.gateway.pages.person_record import followed_in, present, stated_in_journey
from services.gateway.pages.rendering import Pages, capitalised
from services.gateway.pages.sentences import Sentences
from services.gateway.read_access import ReadAccess
from services.gateway.reporting_client import ReportingClient
from services.reporting.answers import TimelineEntry
from services.reporting.list_answers import ListQuestion, PartnerLine
from services.vocabulary import thematiques
from services.vocabulary.french_format import day
from shared.description import Form, Question
from shared.errors import Forbidden
from shared.trust.access import Identity

MAX_PARTNERS = 1_000  # in the list of a form
Choice = tuple[str, str]
Entries = Sequence[TimelineEntry]


class FormChoices:
    def __init__(self, pages: Pages, access: ReadAccess, reports: ReportingClient, deps: GatewayDeps) -> None:
        self.pages = pages
        self.access = access
        self.reports = reports
        self.deps = deps
        self.sentences = Sentences(deps.services.values(), deps.territories)
        self.kinds = {event: kind for kind, event in deps.events.items()}
        self.thematiques = [(id, capitalised(label)) for id, label in sorted(thematiques.LABELS.items(), key=lambda entry: entry[1])]

    def timeline(self, visitor: Identity, person: str) -> Entries | None:
        """What is recorded of a person, for a visitor who may read it; None for others, and of somebody unknown."""
        entries = self.reports.timeline(person).entries if person else []
        try:
            self.access.check_timeline(visitor, person, followed_in(entries))
        except Forbidden:
            return None
        return entries or None

    def may_record(self, visitor: Identity, entries: Entries | None) -> bool:
        """Whether the visitor records steps of the person where they are followed now; of somebody unknown, wherever the visitor works."""
        where = present(entries or [])
        if where is None:
            return self.access.permissions.scope(visitor.actor.role, "HoldInterview") is not None
        return self.access.may(visitor, "HoldInterview", where)

    def territories(self, visitor: Identity | None) -> list[Choice]:
        """Those in which the visitor works. Without a session all of them: the front page names them to everybody."""
        return [(id, label) for id, label in self.deps.territories.items() if visitor is None or visitor.covers(id)]

    def of(self, form: Form, given: Mapping[str, str], visitor: Identity | None, entries: Entries | None) -> dict[str, list[Choice]]:
        """The choices of each question that has a list. Without a visitor nothing is read: only lists that everybody may see have any."""
        found: dict[str, list[Choice]] = {}
        for question in form.questions:
            match question.kind:
                case "choice":
                    found[question.field] = self.codes(form, question)
                case "thematique":
                    found[question.field] = self.thematiques
                case "partner":
                    found[question.field] = self.partners(visitor, entries) if visitor else []
                case "recorded" if entries:
                    found[question.field] = self.recorded(question, entries, given.get("person", ""))
        return found

    def codes(self, form: Form, question: Question) -> list[Choice]:
        name = form.command.__name__
        schema = next(schemas[name] for schemas in self.deps.schemas.values() if name in schemas)
        return [(code, capitalised(self.pages.label(code))) for code in choices_of(schema, question.field)]

    def partners(self, visitor: Identity, entries: Entries | None) -> list[Choice]:
        """The partners of the territory that follows the person; of somebody unknown, of those in which the visitor works."""
        where = present(entries or [])
        places = [id for id, _ in self.territories(visitor)] if where is None else [where]
        found: dict[str, tuple[str, list[str]]] = {}
        for line in self.reports.listing(PartnerLine, ListQuestion("partners", {"territory": places}, "label", MAX_PARTNERS)):
            found.setdefault(line.partner, (line.label, []))[1].append(self.deps.territories.get(line.territory, line.territory))
        return [(id, f"{label} ({', '.join(names)})") for id, (label, names) in found.items()]

    def recorded(self, question: Question, entries: Entries, person: str) -> list[Choice]:
        """What the events of a question state in the person's latest journey, each with its sentence and its day."""
        kinds = {self.kinds[event] for event in question.events}
        stated = stated_in_journey(entries, person, kinds, question.id_field)
        return [(id, f"{day(entry.on)} : {self.sentences.of(entry.kind, msgspec.json.encode(entry.data))}") for id, entry in stated.items()]
