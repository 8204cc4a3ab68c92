"""A client that a generator makes of /openapi.json lives a person's whole way against the running product.

Each answer is an instance of the model that the document names: nowhere None, nowhere a mere dictionary.
"""

import json
from collections.abc import Iterator
from datetime import date
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest

from tests.clients.generated import Generated, generated_client
from tests.clients.persons import TERRITORY, at
from tests.harness.receiver import Receiver
from tests.processes import Product, eventually, in_one_process

QUARTER = "2024-Q2"
ORGANISATIONS = {"prescriber": "ml-alencon", "partner": "ml-alencon"}
PROGRAMME = "all"  # where what belongs to no territory happens
NO_BODY_TO_READ = {"stream"}  # has no end
WEBHOOKS_HERE = {"PARCOURS_WEBHOOK_NETWORKS": "127.0.0.0/8", "PARCOURS_WEBHOOK_HTTP": "1"}


class Life:
    """Sends commands and asks questions as one role after the other, through the generated functions alone."""

    def __init__(self, generated: Generated, product: Product, document: dict[str, Any]) -> None:
        self.generated = generated
        self.url = product.url
        self.document = document
        self.clients: dict[str, Any] = {}
        self.asked: set[str] = set()

    def client(self, role: str) -> Any:
        """A client with a session, which the generated function opens."""
        if role not in self.clients:
            login = self.generated.model("Login")(
                actor=f"{role}-1", role=role, organisation=ORGANISATIONS.get(role, "etape"), territories=["*"]
            )
            opened = self.generated.operation("session", "session").sync(client=self.generated.client(self.url), body=login)
            assert type(opened) is self.generated.model("Session")
            self.clients[role] = self.generated.client(self.url, opened.token)
        return self.clients[role]

    def command(self, role: str, name: str, days: int, **data: Any) -> Any:
        """The answer to a command, which is an Answer."""
        tag = self.document["paths"][f"/v1/commands/{name}"]["post"]["tags"][0]
        territory = PROGRAMME if tag == "webhooks" else TERRITORY
        made = self.generated.model(f"{name}Body")(territory=territory, data=self.generated.model(name)(**data), time=at(days))
        answer = self.sent(role, tag, snake(name), made, key=str(uuid4()))
        assert type(answer.parsed) is self.generated.model("Answer"), f"{name}: {answer.parsed}"
        assert answer.status_code == 201
        return answer.parsed

    def sent(self, role: str, tag: str, operation: str, body: Any, key: str) -> Any:
        return self.generated.operation(tag, operation).sync_detailed(client=self.client(role), body=body, idempotency_key=key)

    def question(self, role: str, operation: str, model: str, *path: str, **parameters: Any) -> Any:
        """The answer to a question, which is of the model that the document names."""
        self.asked.add(operation)
        answer = self.generated.operation("queries", operation).sync(*path, client=self.client(role), **parameters)
        assert type(answer) is self.generated.model(model), f"{operation}: {answer}"
        return answer


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with in_one_process(tmp_path_factory.mktemp("product"), WEBHOOKS_HERE) as started:
        yield started


@pytest.fixture(scope="module")
def document(product: Product) -> dict[str, Any]:
    read: dict[str, Any] = product.client.get("/openapi.json").json()
    return read


@pytest.fixture(scope="module")
def life(product: Product, document: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    with generated_client(document, tmp_path_factory.mktemp("generated")) as generated:
        yield Life(generated, product, document)


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def on(days: int) -> date:
    return at(days).date()


def status(life: Life, person: str) -> str:
    found = life.question("coach", "person", "PersonAnswer", person)
    return str(found.person.journeys[-1].status) if found.person.journeys else "none"


def come(life: Life, person: str) -> None:
    """From the first meeting to the open journey, which a policy opens."""
    orientation = str(uuid4())
    listed = {"partner": "ml-alencon", "label": "Mission locale", "services": ["accompagnement"]}
    life.command("coordinator", "ListPartner", 0, **listed)
    vintage = life.generated.model("QpvGiven")(vintage=2024, name="Perseigne")
    life.command("coach", "IdentifyPerson", 0, person=person, channel="PARTENAIRE", place="Maison", radar="NON_INSCRIT", qpv=vintage)
    received = {"orientation": orientation, "person": person, "kind": "MISSION_LOCALE", "needs": [], "urgency": False, "consent": True}
    life.command("prescriber", "ReceiveOrientation", 1, **received)
    life.command("coach", "AcceptOrientation", 2, orientation=orientation, referent="coach-1")
    eventually(lambda: status(life, person) == "open", "the accepted orientation opens the journey")


def be_coached(life: Life, person: str) -> None:
    referral, workshop = str(uuid4()), str(uuid4())
    life.command("coach", "HoldInterview", 21, person=person, mode="PRESENTIEL", minutes=45)
    thematique = "mobilite--financer-ma-mobilite"
    life.command("coach", "ScheduleWorkshop", 22, workshop=workshop, kind="CV", thematique=thematique, capacity=8, held_on=on(30))
    life.command("coach", "TakeSeat", 23, workshop=workshop, person=person)
    life.command("coach", "AttendWorkshop", 30, workshop=workshop, person=person, walk_in=False)
    sent = {"person": person, "referral": referral, "partner": "ml-alencon", "thematique": thematique}
    life.command("coach", "SendReferral", 31, **sent, consent="c-1", shared_fields=["needs"])
    life.command("partner", "AcceptReferral", 33, person=person, referral=referral)
    life.command("partner", "CompleteReferral", 40, person=person, referral=referral, result="ACCOMPAGNEMENT")


def leave(life: Life, person: str) -> Any:
    """From the job to what became of it. The answer to the last command."""
    outcome = str(uuid4())
    found = {"person": person, "outcome": outcome, "contract": "CDI", "weekly_hours": 35, "evidence": "CONTRAT"}
    life.command("coach", "FindJob", 80, **found)
    life.command("coach", "ExitJourney", 81, person=person, exit_on=on(81), reason="OUTCOME", outcomes=[outcome])
    answer_the_survey(life, person)
    eventually(lambda: followed_up(life, person), "the exit schedules follow-ups")
    followed = {"person": person, "rank": 1, "milestone": "M3", "situation": "EMPLOI", "still_in_outcome": True, "channel": "TELEPHONE"}
    return life.command("coach", "CompleteFollowUp", 175, **followed)


def answer_the_survey(life: Life, person: str) -> None:
    """A ticket that the coach asks for, and the answers of whoever has it, without a session."""
    model = life.generated.model
    issue = model("IssueSurveyTicket")(person=person, rank=1, moment="EXIT")
    asked = model("SurveyTicketBody")(territory=TERRITORY, data=issue, time=at(81))
    ticket = life.sent("coach", "coaching", "survey_ticket", asked, key=str(uuid4())).parsed
    assert type(ticket) is model("SurveyTicket"), ticket
    given = {"satisfied": True, "rating": 4, "domains": [], "wellbeing": True, "wants_continuation": False}
    reply = model("AnswerSurvey")(token=ticket.ticket, **given)
    body = model("AnswerSurveyBody")(territory=ticket.territory, data=reply, time=at(82))
    nobody = life.generated.client(life.url)
    answer = life.generated.operation("coaching", "answer_survey").sync(client=nobody, body=body, idempotency_key=str(uuid4()))
    assert type(answer) is model("Answer"), answer
    assert answer.events == ["SurveyAnswered"]


def followed_up(life: Life, person: str) -> bool:
    return bool(life.question("coach", "person", "PersonAnswer", person).person.journeys[-1].follow_ups)


def test_a_person_goes_their_whole_way_and_every_answer_has_its_type(life: Life) -> None:
    person = str(uuid4())
    come(life, person)
    be_coached(life, person)
    position = leave(life, person).position
    timeline = life.question("coordinator", "timeline", "TimelinePage", person, position=position)
    kinds = [line.kind for line in timeline.items]
    assert {"intake.PersonIdentified", "coaching.JourneyExited", "coaching.FollowUpCompleted"} <= set(kinds)
    figures = life.question("auditor", "indicators", "Figures", quarter=QUARTER, territory=TERRITORY, position=position)
    assert type(figures.indicators["people_met"]) is life.generated.model("ValueCell")
    assert type(figures.indicators["positive_rate"]) is life.generated.model("RateCell")
    hear_by_webhook(life, person)
    ask_everything_else(life, person, position)


def hear_by_webhook(life: Life, person: str) -> None:
    """The history of the person, sent to a receiver; what became of it is read."""
    webhook = f"w-{uuid4()}"
    with Receiver() as receiver:
        made = {"webhook": webhook, "url": receiver.url, "types": ["intake.PersonIdentified"], "after": 0}
        secret = life.command("coordinator", "CreateWebhook", 200, **made).secret
        eventually(lambda: delivered(life, webhook))
        (received,) = receiver.taken
    assert received.verified(secret)["data"]["person"] == person
    assert [each.webhook for each in life.question("coordinator", "webhooks", "Webhooks").webhooks] == [webhook]
    assert life.question("coordinator", "webhook", "WebhookAnswer", webhook).status == "active"


def delivered(life: Life, webhook: str) -> bool:
    found = life.question("coordinator", "webhook_deliveries", "WebhookDeliveries", webhook).deliveries
    return [each.status for each in found] == ["delivered"]


def ask_everything_else(life: Life, person: str, position: int) -> None:
    """The questions that are left, each with something to answer; none of the document is left out."""
    for name, model in (("people", "PeoplePage"), ("referrals", "ReferralsPage"), ("orientations", "OrientationsPage")):
        lines = life.question("coordinator", name, model, position=position, territory=[TERRITORY]).items
        assert person in {line.person for line in lines}
    assert life.question("coordinator", "partners", "PartnersPage", position=position).items
    assert life.question("coordinator", "workshops", "WorkshopsPage", position=position).items
    life.question("coordinator", "loans", "LoansPage", position=position)
    life.question("coordinator", "tasks", "TasksPage", position=position)
    page = life.question("auditor", "events", "EventPage", limit=5)
    assert {type(event) for event in page.events} == {life.generated.model("Event")}
    assert life.question("coach", "me", "Me").actor.role == "coach"
    assert life.question("coach", "programme", "ProgrammeAnswer").territories
    assert life.question("auditor", "quarters", "Quarters").quarters
    assert life.question("auditor", "definitions", "Declarations").indicators
    life.question("auditor", "evidence", "Evidence", "people_met", quarter=QUARTER, territory=TERRITORY)
    life.question("auditor", "history", "History", "people_met", territory=TERRITORY)
    changes = life.question("auditor", "changes", "ChangesPage", quarter=QUARTER, territory=TERRITORY, since="1")
    assert [item.position for item in changes.items][-1] <= position
    assert any(move.indicator == "people_met" for item in changes.items for move in item.moves)
    life.question("auditor", "accounts", "Accounts")
    life.question("auditor", "schema", "JsonSchema", "intake.PersonIdentified", "3")
    assert life.question("operator", "projections", "ProjectionsPage").items
    life.question("operator", "dead_letters", "DeadLettersPage", service=["coaching"])
    operations = {snake(operation["get"]["operationId"]) for operation in life.document["paths"].values() if "get" in operation}
    assert operations - NO_BODY_TO_READ == life.asked


def test_what_is_refused_is_a_problem_with_its_code(life: Life) -> None:
    model = life.generated.model
    body = model("HoldInterviewBody")(territory=TERRITORY, data=model("HoldInterview")(person="p-0", mode="PRESENTIEL", minutes=45))
    refused = life.sent("coach", "coaching", "hold_interview", body, key=str(uuid4()))
    assert (refused.status_code, type(refused.parsed)) == (409, model("Problem"))
    assert refused.parsed.code == "journey_not_open"
    body.data.minutes = 0
    wrong = life.sent("coach", "coaching", "hold_interview", body, key=str(uuid4()))
    assert (wrong.status_code, list(wrong.parsed.faults.additional_properties)) == (422, ["minutes"])


def test_a_stream_ticket_has_its_type(life: Life) -> None:
    ticket = life.generated.operation("session", "stream_ticket").sync(client=life.client("auditor"), after=0)
    assert type(ticket) is life.generated.model("StreamTicket")
    assert ticket.open_until < ticket.resume_until


def test_lines_are_bytes(life: Life) -> None:
    line = {"person": str(uuid4()), "channel": "RUE", "place": "Marché", "radar": "INCONNU"}
    sent = json.dumps({"id": str(uuid4()), "type": "IdentifyPerson", "territory": TERRITORY, "data": line}).encode() + b"\n"
    file = life.generated.module("types").File(payload=BytesIO(sent))
    answer = life.generated.operation("commands", "commands").sync(client=life.client("coach"), body=file)
    assert json.loads(answer.payload.read())["accepted"]["events"] == ["PersonIdentified"]
