"""A laptop is lent to one person at a time, who alone may keep it."""

from typing import Any

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
from tests.unit.coaching.stage import Stage, day

LEND = LendEquipment(serial="PC-07", person="p-1", until=day("2023-09-01"), on=day("2023-03-01"))
GIVE_BACK = ReturnEquipment(serial="PC-07", working=True, on=day("2023-08-30"))
BUY_OUT = BuyOutEquipment(serial="PC-07", person="p-1", price_cents=9000, on=day("2023-06-01"))


def laptop(*given: Any) -> Stage:
    return Stage(decider, given)


def test_a_laptop_is_lent_until_a_day() -> None:
    assert laptop().when(LEND) == [EquipmentLent(serial="PC-07", person="p-1", until=day("2023-09-01"), on=day("2023-03-01"))]


def test_a_loan_ends_after_the_day_it_begins() -> None:
    laptop().refuses(replace(LEND, until=LEND.on), "loan_without_duration")


def test_what_is_lent_is_not_lent_again_before_it_is_back() -> None:
    laptop(LEND).refuses(LEND, "equipment_not_available")
    assert laptop(LEND, GIVE_BACK).when(replace(LEND, person="p-2", on=day("2023-08-31")))


def test_a_return_says_who_gave_it_back_and_how_it_is() -> None:
    assert laptop(LEND).when(GIVE_BACK) == [EquipmentReturned(serial="PC-07", person="p-1", working=True, on=day("2023-08-30"))]


def test_the_borrower_may_buy_it_out() -> None:
    assert laptop(LEND).when(BUY_OUT) == [EquipmentBoughtOut(serial="PC-07", person="p-1", price_cents=9000, on=day("2023-06-01"))]


def test_nobody_else_may() -> None:
    laptop(LEND).refuses(replace(BUY_OUT, person="p-2"), "buyer_is_not_borrower")


def test_what_is_sold_is_never_lent_again() -> None:
    laptop(LEND, BUY_OUT).refuses(replace(LEND, on=day("2023-07-01")), "equipment_not_available")


def test_only_what_is_lent_comes_back_or_is_kept() -> None:
    for state in (laptop(), laptop(LEND, BUY_OUT)):
        state.refuses(GIVE_BACK, "equipment_not_lent")
        state.refuses(BUY_OUT, "equipment_not_lent")


def test_nothing_happens_to_a_loan_before_it_began() -> None:
    for command in (GIVE_BACK, BUY_OUT):
        laptop(LEND).refuses(replace(command, on=day("2023-02-28")), "before_the_loan")


def test_a_laptop_has_a_stream_of_its_own() -> None:
    assert decider.stream(LEND) == "equipment-PC-07"
