"""A prescriber is informed of an orientation: once when it is accepted, once when the journey ends."""

from datetime import date

from services.referrals.coded_values import InformedOf
from services.referrals.prescriber_information import InformPrescriber, PrescriberInformed, decider
from tests.harness.specification import given

DAY = date(2023, 3, 1)
INFORM = InformPrescriber(orientation="o-1", milestone=InformedOf.ACCEPTED, on=DAY, prescriber="ml-alencon")
INFORMED = PrescriberInformed(orientation="o-1", prescriber="ml-alencon", milestone=InformedOf.ACCEPTED, on=DAY)
INFORM_OF_EXIT = InformPrescriber(orientation="o-1", milestone=InformedOf.EXITED, on=DAY)
INFORMED_OF_EXIT = PrescriberInformed(orientation="o-1", prescriber="ml-alencon", milestone=InformedOf.EXITED, on=DAY)


def test_a_prescriber_is_informed_once_of_each_milestone() -> None:
    accepted = given(decider).when(INFORM).then(INFORMED)
    accepted.when(INFORM).then_refused("prescriber_already_informed")
    exited = accepted.when(INFORM_OF_EXIT).then(INFORMED_OF_EXIT)
    exited.when(INFORM_OF_EXIT).then_refused("prescriber_already_informed")
    assert decider.stream(INFORM) == "loop-o-1"


def test_without_a_known_prescriber_there_is_nobody_to_inform() -> None:
    given(decider).when(INFORM_OF_EXIT).then_refused("prescriber_unknown")
