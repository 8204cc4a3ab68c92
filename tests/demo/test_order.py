"""Every command of a history keeps the order of a life, and is given where its subject stands."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import partial
from typing import Any

import pytest

from demo.command_lines import CommandLine
from demo.generator import generate
from demo.study import study
from tests.demo.history import day

START, END = date(2022, 6, 1), date(2024, 6, 30)
ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
ID_FIELDS = {
    "person",
    "kept",
    "merged",
    "orientation",
    "referral",
    "workshop",
    "serial",
    "token",
    "outcome",
    "referent",
    "partner",
    "consent",
}
AFTER_A_MEETING = {"AcceptOrientation", "OpenJourney", "SendReferral"}

HISTORIES: dict[str, Callable[[], Iterable[CommandLine]]] = {
    "study-1": partial(study, 1),
    "study-2024": partial(study, 2024),
    "generated": partial(generate, 400, 11, START, END),
    "generated-later": partial(generate, 150, 12, date(2026, 1, 5), date(2027, 3, 1)),
}


@pytest.fixture(scope="module", params=HISTORIES)
def lines(request: pytest.FixtureRequest) -> list[CommandLine]:
    return list(HISTORIES[request.param]())


class Places:
    """Where each subject of a command stands, and on which day each person was met."""

    def __init__(self) -> None:
        self.where: dict[str, str] = {}
        self.met_on: dict[str, date] = {}
        self.oriented: dict[str, str] = {}
        self.borrowers: dict[str, str] = {}

    def faults(self, line: CommandLine) -> Iterator[str]:
        data, territory = line["data"], line["territory"]
        borrower = data.get("person") or self.borrowers.get(data.get("serial", ""))
        subject = data.get("workshop") or data.get("orientation") or borrower or data.get("merged")
        if subject and self.where.setdefault(subject, territory) != territory:
            yield f"{territory}, but {subject} stands in {self.where[subject]}"
        if line["type"] in AFTER_A_MEETING and not self.is_met(line):
            yield "nobody met"
        self.change(line["type"], data, territory, day(line["time"]))

    def is_met(self, line: CommandLine) -> bool:
        person = line["data"].get("person") or self.oriented[line["data"]["orientation"]]
        return person in self.met_on and self.met_on[person] <= day(line["time"])

    def change(self, name: str, data: dict[str, Any], territory: str, on: date) -> None:
        if name == "TransferJourney":
            self.where[data["person"]] = data["to_territory"]
        elif name == "IdentifyPerson":
            self.met_on[data["person"]] = on
        elif name == "ReceiveOrientation":
            self.oriented[data["orientation"]] = data["person"]
            self.where.setdefault(data["person"], territory)
        elif name == "LendEquipment":
            self.borrowers[data["serial"]] = data["person"]


def test_a_command_speaks_where_its_subject_stands_and_after_a_meeting(lines: list[CommandLine]) -> None:
    places = Places()
    assert [(line, fault) for line in lines for fault in places.faults(line)] == []


def test_ids_have_one_alphabet(lines: list[CommandLine]) -> None:
    ids = {str(value) for line in lines for field, value in line["data"].items() if field in ID_FIELDS}
    ids |= {line["actor"][field] for line in lines for field in ("id", "organisation") if line["actor"][field]}
    assert sorted(id for id in ids if not ID.fullmatch(id)) == []


def test_nothing_happens_before_the_programme_or_after_its_recording(lines: list[CommandLine]) -> None:
    first = day(lines[0]["time"])
    assert [line for line in lines if not first <= day(line["time"]) <= day(line["recorded_time"])] == []
