"""One answer per token, joined to nobody."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
from msgspec.structs import replace

from services.coaching.survey import AnswerSurvey, SurveyAnswered, decider
from shared.message import Actor, CommandMessage
from tests.unit.coaching.stage import Stage, day

ANSWER = AnswerSurvey(
    token="k3vQ-token",
    satisfied=True,
    rating=4,
    domains=["SANTE", "MOBILITE"],
    wellbeing=True,
    wants_continuation=False,
    on=day("2024-01-15"),
    territory="laigle",
)


def test_an_answer_is_recorded() -> None:
    assert Stage(decider).when(ANSWER) == [
        SurveyAnswered(
            satisfied=True,
            rating=4,
            domains=["SANTE", "MOBILITE"],
            wellbeing=True,
            wants_continuation=False,
            territory="laigle",
            on=day("2024-01-15"),
        )
    ]


def test_a_token_answers_once() -> None:
    Stage(decider, [ANSWER]).refuses(replace(ANSWER, rating=1), "survey_already_answered")


def test_an_answer_names_each_domain_once() -> None:
    Stage(decider).refuses(replace(ANSWER, domains=["SANTE", "SANTE"]), "domain_named_twice")


def test_an_answer_holds_nothing_that_leads_to_a_person() -> None:
    """These fields and no other: neither the token, nor a person, nor a journey, nor an actor."""
    assert {field.name for field in msgspec.structs.fields(SurveyAnswered)} == {
        "satisfied",
        "rating",
        "domains",
        "wellbeing",
        "wants_continuation",
        "territory",
        "on",
    }


def test_the_recorded_answer_names_neither_the_actor_nor_what_led_to_it() -> None:
    """The whole recorded body, envelope included: only the stream's own name repeats the token."""
    message = CommandMessage(
        id=UUID(int=7),
        type="AnswerSurvey",
        actor=Actor("person-of-flesh", "participant", "organisation-of-theirs"),
        territory="laigle",
        time=datetime(2024, 1, 15, 9, tzinfo=UTC),
        data={},
        causation_id="what-caused-it",
        correlation_id="what-it-belongs-to",
    )
    stream = decider.stream(ANSWER)
    (recorded,) = decider.bodies(message, stream, decider.decide(decider.initial, ANSWER))
    body = recorded.body.decode()
    for trace in ("person-of-flesh", "organisation-of-theirs", "what-caused-it", "what-it-belongs-to"):
        assert trace not in body
    assert stream.startswith("survey-")
    assert ANSWER.token not in stream
    assert body.count(ANSWER.token) == 0
