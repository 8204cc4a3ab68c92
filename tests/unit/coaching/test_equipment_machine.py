"""Any commands about one laptop, in any order, on their day or long after it: it is with one person at most, and sold once."""

from datetime import date
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from services.coaching import equipment
from tests.harness.aggregate_machine import AggregateMachine
from tests.unit.coaching.commands import ONE_OF, any_of


class EquipmentMachine(AggregateMachine):
    decider = equipment.decider

    def __init__(self) -> None:
        super().__init__()
        self.holder: str | None = None
        self.since = date.min
        self.sold = False

    @rule(command=any_of(equipment.Command, serial=st.just("PC-07")), days_ago=ONE_OF([0, 0, 0, 1, 10, 60]))
    def do_anything(self, command: Any, days_ago: int) -> None:
        for event in self.give(command, days_ago):
            assert not self.sold
            assert event.on >= self.since
            self.since = event.on
            match event:
                case equipment.EquipmentLent():
                    assert self.holder is None
                    assert event.until > event.on
                    self.holder = event.person
                case equipment.EquipmentReturned() | equipment.EquipmentBoughtOut():
                    assert self.holder == event.person
                    self.holder, self.sold = None, isinstance(event, equipment.EquipmentBoughtOut)


TestEquipment = EquipmentMachine.TestCase
TestEquipment.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
