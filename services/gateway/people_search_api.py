"""`POST /v1/people/search`: finds persons by the first letters of a name, or by a telephone number.

A name in an address would stay in the logs of every proxy and in the history of browsers: so what is searched for is in the body.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.commands_api import json_response, read_object
from services.gateway.dependencies import GatewayDeps
from services.gateway.lists import LISTS
from services.gateway.lists_api import ListsApi
from services.gateway.people_search_answers import FoundPerson, FoundPersons, PersonIdentity
from services.gateway.people_search_question import read_search
from services.gateway.personal_data import ACTIONS, PersonalData
from services.gateway.read_access import ReadAccess
from services.gateway.reporting_client import ReportingClient
from services.gateway.request_context import RequestContext
from services.reporting.list_answers import RECORDS, ListQuestion, PersonLine
from services.vocabulary.calendar import local_date
from shared.errors import Invalid
from shared.trust.personal.marks import Personal
from shared.trust.personal.search import begins_words

PATH = "/v1/people/search"
MAX_FOUND = 2_000  # persons who share the first letters, everywhere: more letters find fewer
MAX_SHOWN = 50
PEOPLE = next(address for address in LISTS if address.name == "people")
TOO_SHORT = "Trois lettres d’un nom au moins, ou un numéro de téléphone entier."


class PeopleSearchApi:
    def __init__(self, deps: GatewayDeps, access: ReadAccess, reports: ReportingClient, lists: ListsApi, personal: PersonalData) -> None:
        self.deps = deps
        self.access = access
        self.reports = reports
        self.lists = lists
        self.personal = personal

    def rules(self) -> Iterable[Rule]:
        yield Rule(PATH, methods=["POST"], endpoint=self.search)

    def search(self, context: RequestContext) -> Response:
        identity = context.known()
        self.access.check_somewhere(identity, ACTIONS[Personal.IDENTITY])
        own, seen_from = self.lists.limits(PEOPLE, identity)
        text = read_search(read_object(context.request)).text
        found = self.found(text)
        known = self.identities(sorted(set(found) & set(own["person"])) if "person" in own else found)
        persons = [person for person, data in known.items() if begins_words(text, names_in(data))]
        lines = self.lines(persons, seen_from) if persons else []
        known |= self.identities([line.person for line in lines if line.person not in known])
        found_persons = ((line, known.get(line.person) or self.of_merged(line.person, known)) for line in lines)
        items = [FoundPerson(line, identity_in(data)) for line, data in found_persons if data]
        items.sort(key=lambda item: (item.identity.family_name, item.identity.given_name, item.line.person))
        return json_response(FoundPersons(items[:MAX_SHOWN], len(items) > MAX_SHOWN or len(found) == MAX_FOUND))

    def identities(self, persons: list[str]) -> dict[str, dict[str, Any]]:
        stated: dict[str, dict[str, Any]] = self.deps.native(self.personal.identities, persons) if persons else {}
        return stated

    def found(self, text: str) -> list[str]:
        """
        Raises:
            Invalid: the text is too short to search for.
        """
        found: list[str] | None = self.deps.native(self.deps.find_persons, text, MAX_FOUND)
        if found is None:
            raise Invalid({"text": [TOO_SHORT]})
        return found

    def lines(self, persons: list[str], seen_from: list[str] | None) -> list[PersonLine]:
        """Those whom the reader may see; of a record that was merged with another, the one that was kept."""
        question = ListQuestion(PEOPLE.name, {RECORDS: persons}, next(iter(PEOPLE.sorts)), MAX_FOUND, None, seen_from)
        return self.reports.listing(PersonLine, question)

    def of_merged(self, person: str, known: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
        """The identity that was stated of another record of the same person."""
        records = self.reports.person(person, local_date(self.deps.clock()).isoformat()).records
        return next((known[record] for record in records if record in known), None)


def names_in(data: dict[str, Any]) -> list[str]:
    return [data["given_name"], data["family_name"]]


def identity_in(data: dict[str, Any]) -> PersonIdentity:
    return msgspec.convert(data, PersonIdentity)
