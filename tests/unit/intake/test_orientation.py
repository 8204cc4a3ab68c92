"""A person is sent by a prescriber: with consent, in the words of data·inclusion, and answered once."""

from datetime import date
from typing import Any

import pytest
from data_inclusion.schema.v1 import Thematique
from msgspec.structs import replace

from services.intake.orientation import (
    AcceptOrientation,
    DeclineOrientation,
    OrientationAccepted,
    OrientationDeclined,
    OrientationReceived,
    ReceiveOrientation,
    decider,
)
from tests.unit.coaching.stage import Stage

DAY, NEXT = date(2023, 3, 1), date(2023, 3, 4)
NEEDS = [Thematique.MOBILITE__PREPARER_UN_PERMIS.value]
RECEIVE = ReceiveOrientation("o-1", "p-1", "MISSION_LOCALE", NEEDS, True, True, DAY, "ml-alencon")
ACCEPT = AcceptOrientation("o-1", "coach-1", NEXT)
DECLINE = DeclineOrientation("o-1", "DEJA_SUIVI", "Point avec le conseiller", NEXT)


def orientation(*given: Any) -> Stage:
    return Stage(decider, given)


def test_the_prescriber_is_the_organisation_that_asks() -> None:
    event = OrientationReceived("o-1", "p-1", "ml-alencon", "MISSION_LOCALE", NEEDS, True, True, DAY)
    assert orientation().when(RECEIVE) == [event]
    assert decider.stream(RECEIVE) == "orientation-o-1"


def test_nobody_is_sent_without_consent() -> None:
    orientation().refuses(replace(RECEIVE, consent=False), "consent_needed")


def test_needs_are_thematiques_of_data_inclusion() -> None:
    orientation().refuses(replace(RECEIVE, needs=[*NEEDS, "voyance"]), "unknown_thematique")
    assert orientation().when(replace(RECEIVE, needs=[thematique.value for thematique in Thematique]))


def test_an_orientation_is_received_once() -> None:
    orientation(RECEIVE).refuses(RECEIVE, "orientation_already_received")
    orientation(RECEIVE, ACCEPT).refuses(RECEIVE, "orientation_already_received")


@pytest.mark.parametrize(
    ("answer", "event"),
    [
        (ACCEPT, OrientationAccepted("o-1", "p-1", "ml-alencon", "coach-1", NEXT)),
        (DECLINE, OrientationDeclined("o-1", "p-1", "ml-alencon", "DEJA_SUIVI", "Point avec le conseiller", NEXT)),
    ],
)
def test_an_answer_carries_whom_it_is_about_and_who_asked(answer: Any, event: Any) -> None:
    assert orientation(RECEIVE).when(answer) == [event]


@pytest.mark.parametrize("answer", [ACCEPT, DECLINE])
@pytest.mark.parametrize("first", [ACCEPT, DECLINE])
def test_an_orientation_is_answered_once(first: Any, answer: Any) -> None:
    orientation(RECEIVE, first).refuses(answer, "orientation_already_answered")


@pytest.mark.parametrize("answer", [ACCEPT, DECLINE])
def test_what_was_never_received_has_no_answer(answer: Any) -> None:
    orientation().refuses(answer, "orientation_unknown")


@pytest.mark.parametrize("answer", [ACCEPT, DECLINE])
def test_nobody_answers_before_the_orientation(answer: Any) -> None:
    orientation(RECEIVE).refuses(replace(answer, on=date(2023, 2, 28)), "before_the_orientation")
