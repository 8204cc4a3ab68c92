"""A laptop is lent to one person at a time, and only that person may buy it out."""

import pytest
from msgspec.structs import replace

from services.coaching.equipment import (
    BuyOutEquipment,
    EquipmentBoughtOut,
    EquipmentLent,
    EquipmentReturned,
    LendEquipment,
    ReturnEquipment,
    decider,
)
from tests.harness.specification import given
from tests.unit.coaching.journeys import day

LEND = LendEquipment(serial="PC-07", person="p-1", until=day("2023-09-01"), on=day("2023-03-01"))
LENT = EquipmentLent(serial="PC-07", person="p-1", until=day("2023-09-01"), on=day("2023-03-01"))
RETURN = ReturnEquipment(serial="PC-07", working=True, on=day("2023-08-30"))
RETURNED = EquipmentReturned(serial="PC-07", person="p-1", working=True, on=day("2023-08-30"))
BUY_OUT = BuyOutEquipment(serial="PC-07", person="p-1", price_cents=9000, on=day("2023-06-01"))
BOUGHT_OUT = EquipmentBoughtOut(serial="PC-07", person="p-1", price_cents=9000, on=day("2023-06-01"))


def test_a_laptop_is_lent_until_a_day() -> None:
    given(decider).when(LEND).then(LENT)


def test_a_loan_ends_after_the_day_it_begins() -> None:
    given(decider).when(replace(LEND, until=LEND.on)).then_refused("loan_without_duration")


def test_a_laptop_is_lent_again_only_after_its_return() -> None:
    given(decider, LENT).when(LEND).then_refused("equipment_not_available")
    next_loan = replace(LEND, person="p-2", on=day("2023-08-31"))
    given(decider, LENT, RETURNED).when(next_loan).then(replace(LENT, person="p-2", on=day("2023-08-31")))


def test_a_laptop_is_not_lent_before_it_came_back() -> None:
    returned = given(decider, LENT, RETURNED)
    returned.when(replace(LEND, on=day("2023-08-29"))).then_refused("before_the_return")
    same_day = RETURNED.on
    returned.when(replace(LEND, on=same_day)).then(replace(LENT, on=same_day))


def test_a_return_names_the_borrower_and_the_condition_of_the_laptop() -> None:
    given(decider, LENT).when(RETURN).then(RETURNED)


def test_the_borrower_may_buy_the_laptop_out() -> None:
    given(decider, LENT).when(BUY_OUT).then(BOUGHT_OUT)


def test_another_person_may_not_buy_it_out() -> None:
    given(decider, LENT).when(replace(BUY_OUT, person="p-2")).then_refused("buyer_is_not_borrower")


def test_a_sold_laptop_is_never_lent_again() -> None:
    given(decider, LENT, BOUGHT_OUT).when(replace(LEND, on=day("2023-07-01"))).then_refused("equipment_not_available")


@pytest.mark.parametrize("history", [(), (LENT, BOUGHT_OUT)], ids=["never_lent", "sold"])
@pytest.mark.parametrize("command", [RETURN, BUY_OUT])
def test_only_a_lent_laptop_is_returned_or_bought_out(
    history: tuple[EquipmentLent | EquipmentBoughtOut, ...], command: ReturnEquipment | BuyOutEquipment
) -> None:
    given(decider, *history).when(command).then_refused("equipment_not_lent")


@pytest.mark.parametrize("command", [RETURN, BUY_OUT])
def test_a_loan_neither_ends_nor_is_bought_out_before_it_began(command: ReturnEquipment | BuyOutEquipment) -> None:
    given(decider, LENT).when(replace(command, on=day("2023-02-28"))).then_refused("before_the_loan")


def test_each_laptop_has_its_own_stream() -> None:
    assert decider.stream(LEND) == "equipment-PC-07"
