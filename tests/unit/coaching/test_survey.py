"""One answer per ticket, which cannot be joined to a person."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec
from msgspec.structs import replace

from services.coaching.coded_values import LifeDomain
from services.coaching.survey import AnswerSurvey, SurveyAnswered, decider
from services.vocabulary.calendar import ZONE
from services.vocabulary.french import VALIDATION
from services.vocabulary.survey_ticket import SurveyMoment
from shared.admission import Admission
from shared.command_handler import CommandHandler
from shared.message import Actor, CommandMessage
from shared.store.sqlite.store import SqliteStore
from shared.trust.access import Identity, Permissions
from tests.harness.specification import given
from tests.unit.coaching.journeys import day

TICKET = f"M3.2024-01.laigle.{'5e' * 16}.{'c0' * 16}"
ANSWER = AnswerSurvey(
    token=TICKET,
    satisfied=True,
    rating=4,
    domains=[LifeDomain.SANTE, LifeDomain.MOBILITE],
    wellbeing=True,
    wants_continuation=False,
    on=day("2024-01-15"),
    territory="laigle",
)
ANSWERED = SurveyAnswered(
    satisfied=True,
    rating=4,
    domains=[LifeDomain.SANTE, LifeDomain.MOBILITE],
    wellbeing=True,
    wants_continuation=False,
    territory="laigle",
    on=day("2024-01-01"),
    moment=SurveyMoment.M3,
)


def test_an_answer_is_recorded() -> None:
    given(decider).when(ANSWER).then(ANSWERED)


def test_a_ticket_is_used_once() -> None:
    given(decider, ANSWERED).when(replace(ANSWER, rating=1)).then_refused("survey_already_answered")


def test_an_answer_names_each_domain_once() -> None:
    given(decider).when(replace(ANSWER, domains=[LifeDomain.SANTE, LifeDomain.SANTE])).then_refused("domain_named_twice")


def test_an_answer_has_no_field_that_leads_to_a_person() -> None:
    """These fields and no other: no ticket, no person, no journey, no actor."""
    assert {field.name for field in msgspec.structs.fields(SurveyAnswered)} == {
        "satisfied",
        "rating",
        "domains",
        "wellbeing",
        "wants_continuation",
        "territory",
        "on",
        "moment",
    }


def test_an_answer_of_the_time_before_tickets_is_still_read() -> None:
    old = (
        b'{"type":"SurveyAnswered","satisfied":true,"rating":4,"domains":[],"wellbeing":true,"wants_continuation":false,'
        b'"territory":"laigle","on":"2024-01-15"}'
    )
    event = msgspec.json.decode(old, type=SurveyAnswered)
    assert (event.moment, event.on) == (None, day("2024-01-15"))
    given(decider, event).when(ANSWER).then_refused("survey_already_answered")


def test_the_recorded_event_names_neither_the_actor_nor_the_cause_nor_the_ticket_nor_the_day(tmp_path: Path) -> None:
    """The whole recorded body is read, envelope included, and the name of its stream."""
    now = datetime(2024, 1, 15, 9, tzinfo=UTC)
    message = CommandMessage(
        id=UUID(int=7),
        type="AnswerSurvey",
        actor=Actor("person-of-flesh", "participant", "organisation-of-theirs"),
        territory="laigle",
        time=now,
        data={"token": ANSWER.token, "satisfied": True, "rating": 4, "domains": ["SANTE"], "wellbeing": True, "wants_continuation": False},
        causation_id="cause-of-the-command",
        correlation_id="correlation-of-the-command",
    )
    store = SqliteStore(tmp_path / "log.sqlite")
    permissions = Permissions({("participant", "AnswerSurvey"): "all"})
    CommandHandler([decider], store, permissions, Admission(lambda: now, ZONE, VALIDATION)).handle(
        message, Identity(message.actor, ("laigle",))
    )
    (event,) = store.read_all(0)
    body = msgspec.json.encode(event).decode()
    for trace in (
        "person-of-flesh",
        "organisation-of-theirs",
        "cause-of-the-command",
        "correlation-of-the-command",
        *TICKET.split(".")[3:],
    ):
        assert trace not in body
    assert event.kind == "coaching.SurveyAnswered"
    assert event.subject.startswith("survey-")
    assert event.time == datetime(2023, 12, 31, 23, tzinfo=UTC)  # the first instant of January, in Paris
