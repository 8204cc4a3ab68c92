"""An orientation: sent by a prescriber with the person's consent and needs of data·inclusion, and answered once."""

from datetime import date
from typing import Any

import pytest
from data_inclusion.schema.v1 import Thematique
from msgspec.structs import replace

from services.intake.coded_values import OrientationDeclineReason, PrescriberKind
from services.intake.orientation import (
    AcceptOrientation,
    DeclineOrientation,
    OrientationAccepted,
    OrientationDeclined,
    OrientationReceived,
    ReceiveOrientation,
    decider,
)
from tests.harness.persons import MET
from tests.harness.specification import given

DAY, ANSWER_DAY = date(2023, 3, 1), date(2023, 3, 4)
NEEDS = [Thematique.MOBILITE__PREPARER_UN_PERMIS.value]

RECEIVE = ReceiveOrientation(
    orientation="o-1",
    person="p-1",
    kind=PrescriberKind.MISSION_LOCALE,
    needs=NEEDS,
    urgency=True,
    consent=True,
    on=DAY,
    organisation="ml-alencon",
    territory="alencon",
)
RECEIVED = OrientationReceived(
    orientation="o-1",
    person="p-1",
    prescriber="ml-alencon",
    kind=PrescriberKind.MISSION_LOCALE,
    needs=NEEDS,
    urgency=True,
    consent=True,
    on=DAY,
    territory="alencon",
)
ACCEPT = AcceptOrientation(orientation="o-1", referent="coach-1", on=ANSWER_DAY, territory="alencon", standing=MET)
ACCEPTED = OrientationAccepted(orientation="o-1", person="p-1", prescriber="ml-alencon", referent="coach-1", on=ANSWER_DAY)
DECLINE = DeclineOrientation(
    orientation="o-1", reason=OrientationDeclineReason.DEJA_SUIVI, proposed_action="Point avec le conseiller", on=ANSWER_DAY
)
DECLINED = OrientationDeclined(
    orientation="o-1",
    person="p-1",
    prescriber="ml-alencon",
    reason=OrientationDeclineReason.DEJA_SUIVI,
    proposed_action="Point avec le conseiller",
    on=ANSWER_DAY,
)


def test_the_prescriber_is_the_organisation_of_the_actor() -> None:
    given(decider).when(RECEIVE).then(RECEIVED)
    assert decider.stream(RECEIVE) == "orientation-o-1"


def test_an_orientation_needs_the_consent_of_the_person() -> None:
    given(decider).when(replace(RECEIVE, consent=False)).then_refused("consent_needed")


def test_needs_are_thematiques_of_data_inclusion() -> None:
    every_thematique = [thematique.value for thematique in Thematique]
    given(decider).when(replace(RECEIVE, needs=every_thematique)).then(replace(RECEIVED, needs=every_thematique))


@pytest.mark.parametrize("history", [(RECEIVED,), (RECEIVED, ACCEPTED), (RECEIVED, DECLINED)])
def test_an_orientation_is_received_once(history: tuple[Any, ...]) -> None:
    given(decider, *history).when(RECEIVE).then_refused("orientation_already_received")


@pytest.mark.parametrize(("answer", "event"), [(ACCEPT, ACCEPTED), (DECLINE, DECLINED)])
def test_an_answer_names_the_person_and_the_prescriber(answer: Any, event: Any) -> None:
    given(decider, RECEIVED).when(answer).then(event)


@pytest.mark.parametrize("answer", [ACCEPT, DECLINE])
@pytest.mark.parametrize("earlier", [ACCEPTED, DECLINED])
def test_an_orientation_is_answered_once(earlier: Any, answer: Any) -> None:
    given(decider, RECEIVED, earlier).when(answer).then_refused("orientation_already_answered")


@pytest.mark.parametrize("answer", [ACCEPT, DECLINE])
def test_an_orientation_that_was_not_received_cannot_be_answered(answer: Any) -> None:
    given(decider).when(answer).then_refused("orientation_unknown")


@pytest.mark.parametrize("answer", [ACCEPT, DECLINE])
def test_an_answer_is_not_dated_before_the_orientation(answer: Any) -> None:
    given(decider, RECEIVED).when(replace(answer, on=date(2023, 2, 28))).then_refused("before_the_orientation")
