"""The directory of partners: each is listed once in a territory, with types of service of data·inclusion."""

from datetime import date

from data_inclusion.schema.v1 import TypeService
from msgspec.structs import replace

from services.referrals.partner import ListPartner, PartnerListed, decider
from tests.harness.specification import given

DAY = date(2023, 3, 1)
LIST = ListPartner(partner="greta-orne", label="Greta de l’Orne", services=["formation"], on=DAY, territory="alencon")
LISTED = PartnerListed(partner="greta-orne", label="Greta de l’Orne", services=["formation"], territory="alencon", on=DAY)


def test_a_partner_is_listed_once_in_each_territory() -> None:
    given(decider).when(LIST).then(LISTED)
    given(decider, LISTED).when(LIST).then_refused("partner_already_listed")
    given(decider, LISTED).when(replace(LIST, territory="flers")).then(replace(LISTED, territory="flers"))
    assert decider.stream(LIST) == "partner-greta-orne"


def test_services_are_types_of_data_inclusion() -> None:
    every_type = [kind.value for kind in TypeService]
    given(decider).when(replace(LIST, services=every_type)).then(replace(LISTED, services=every_type))
