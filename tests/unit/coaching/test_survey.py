"""One answer per token, which cannot be joined to a person."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec
from msgspec.structs import replace

from services.coaching.coded_values import LifeDomain
from services.coaching.survey import AnswerSurvey, SurveyAnswered, decider
from services.vocabulary.calendar import ZONE
from services.vocabulary.french import VALIDATION
from shared.admission import Admission
from shared.command_handler import CommandHandler
from shared.message import Actor, CommandMessage
from shared.store.sqlite.store import SqliteStore
from shared.trust.access import Identity, Permissions
from tests.harness.specification import given
from tests.unit.coaching.journeys import day

ANSWER = AnswerSurvey(
    token="k3vQ-token",
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
    on=day("2024-01-15"),
)


def test_an_answer_is_recorded() -> None:
    given(decider).when(ANSWER).then(ANSWERED)


def test_a_token_is_used_once() -> None:
    given(decider, ANSWERED).when(replace(ANSWER, rating=1)).then_refused("survey_already_answered")


def test_an_answer_names_each_domain_once() -> None:
    given(decider).when(replace(ANSWER, domains=[LifeDomain.SANTE, LifeDomain.SANTE])).then_refused("domain_named_twice")


def test_an_answer_has_no_field_that_leads_to_a_person() -> None:
    """These fields and no other: no token, no person, no journey, no actor."""
    assert {field.name for field in msgspec.structs.fields(SurveyAnswered)} == {
        "satisfied",
        "rating",
        "domains",
        "wellbeing",
        "wants_continuation",
        "territory",
        "on",
    }


def test_the_recorded_event_names_neither_the_actor_nor_the_cause_nor_the_token(tmp_path: Path) -> None:
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
    for trace in ("person-of-flesh", "organisation-of-theirs", "cause-of-the-command", "correlation-of-the-command", ANSWER.token):
        assert trace not in body
    assert event.kind == "coaching.SurveyAnswered"
    assert event.subject.startswith("survey-")
