"""The rules of fields: what is possible in the programme on the day of a fact, tried through the real schema of real commands."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from services.bootstrap.registry import SERVICES, rules_of_services
from services.bootstrap.settings import TERRITORIES
from services.vocabulary.calendar import ZONE
from services.vocabulary.field_rules import fact_rule, field_rules
from services.vocabulary.french import VALIDATION
from services.vocabulary.programme import Programme
from shared.admission import Admission, Admitted
from shared.errors import Invalid
from shared.message import Actor, CommandMessage
from shared.validation import CommandParser
from tests.unit.test_placement_cases import CASES, IDENTIFY, WORKSHOP

NOW = datetime(2024, 5, 15, 10, tzinfo=UTC)
TOLERANCE = timedelta(minutes=2)
PROGRAMME = msgspec.json.decode(TERRITORIES.read_bytes(), type=Programme)
ADMISSION = Admission(lambda: NOW, ZONE, VALIDATION, {**field_rules(PROGRAMME), **rules_of_services()}, fact_rule(PROGRAMME), TOLERANCE)
COMMANDS = {name: command for service in SERVICES.values() for name, command in service.commands.items()}
PARSERS = {name: CommandParser(command, VALIDATION) for name, command in COMMANDS.items()}
DATA: dict[str, dict[str, Any]] = {step.command: step.data("p-1") for step in (IDENTIFY, WORKSHOP, *(case.step for case in CASES))}


def message(command: str, data: dict[str, Any], time: datetime = NOW, **more: Any) -> CommandMessage:
    return CommandMessage(id=uuid4(), type=command, actor=Actor("c-1", "coach"), territory="alencon", time=time, data=data, **more)


def admit(command: str, *, time: datetime = NOW, **changed: Any) -> Admitted:
    """Admit a command with good data, some fields of it changed."""
    return ADMISSION.admit(PARSERS[command], message(command, {**DATA[command], **changed}, time))


def faults(call: Callable[[], object]) -> dict[str, list[str]]:
    with pytest.raises(Invalid) as invalid:
        call()
    return invalid.value.faults


@pytest.mark.parametrize("command", DATA)
def test_good_data_has_no_fault(command: str) -> None:
    assert admit(command).values


@pytest.mark.parametrize(
    "time",
    [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(1924, 1, 10, tzinfo=UTC),
        datetime(2021, 5, 31, tzinfo=UTC),
        datetime(2024, 5, 15, 10, 3, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, tzinfo=UTC),
    ],
)
@pytest.mark.parametrize("command", DATA)
def test_no_fact_happened_before_the_programme_or_after_its_recording(command: str, time: datetime) -> None:
    assert faults(lambda: admit(command, time=time)).keys() == {"time"}


def test_the_faults_of_the_time_and_of_the_data_are_listed_together() -> None:
    assert faults(lambda: admit("IdentifyPerson", time=datetime(1, 1, 1, tzinfo=UTC), person="é")).keys() == {"time", "person"}


def test_a_clock_that_is_a_little_ahead_means_now() -> None:
    assert admit("HoldInterview", time=NOW + TOLERANCE).message.time == NOW
    assert admit("HoldInterview", time=NOW - TOLERANCE).message.time == NOW - TOLERANCE


def test_a_reaction_is_never_refused_for_its_time() -> None:
    """Its time is that of an event that the log has recorded, by a clock that may be ahead of this one."""
    ahead = NOW + timedelta(hours=1)
    reaction = message("HoldInterview", DATA["HoldInterview"], ahead, causation_id="event")
    admitted = ADMISSION.admit(PARSERS["HoldInterview"], reaction)
    assert admitted.message.time == ahead
    assert admitted.circumstances.fact_date <= admitted.circumstances.recording_date


def test_history_is_not_recorded_in_the_future() -> None:
    """The log never goes back in time: one recording of next year would date every later one."""
    late = replace(message("HoldInterview", DATA["HoldInterview"]), recorded_time=NOW + timedelta(days=1))
    assert faults(lambda: ADMISSION.admit(PARSERS["HoldInterview"], late)).keys() == {"recorded_time"}


QPV = {"vintage": 2024, "name": "Perseigne"}

BAD = [
    ("ExitJourney", {"exit_on": "2024-05-16"}, {"exit_on"}),
    ("ExitJourney", {"exit_on": "0001-01-01"}, {"exit_on"}),
    ("CorrectExit", {"exit_on": "1924-05-15"}, {"exit_on"}),
    ("ScheduleWorkshop", {"held_on": "2031-01-01"}, {"held_on"}),
    ("ScheduleWorkshop", {"held_on": "2019-01-01"}, {"held_on"}),
    ("LendEquipment", {"until": "9999-12-31"}, {"until"}),
    ("RecordProfile", {"birth_year": 1900}, {"birth_year"}),
    ("RecordProfile", {"birth_year": 2020}, {"birth_year"}),
    ("RecordProfile", {"birth_year": 2090}, {"birth_year"}),
    ("RecordProfile", {"birth_year": 10**25}, {"birth_year"}),
    ("TransferJourney", {"to_territory": "Alençon"}, {"to_territory"}),
    ("TransferPerson", {"to_territory": "paris"}, {"to_territory"}),
    ("IdentifyBarrier", {"thematique": "permis"}, {"thematique"}),
    ("CompleteDiagnostic", {"constraints": {"permis": "OUI"}}, {"constraints.permis"}),
    ("ScheduleWorkshop", {"thematique": "cv"}, {"thematique"}),
    ("SendReferral", {"thematique": "voyance"}, {"thematique"}),
    ("IdentifyPerson", {"qpv": {**QPV, "code": "QP061001"}}, {"qpv.code"}),
    ("IdentifyPerson", {"qpv": {**QPV, "name": "Pont Féron"}}, {"qpv.name"}),
    ("IdentifyPerson", {"qpv": {"vintage": 2015, "name": "Perseigne", "code": "QN06101M"}}, {"qpv.code"}),
    ("GiveNotice", {"version": 10**25}, {"version"}),
    ("CompleteFollowUp", {"rank": 10**9}, {"rank"}),
]


@pytest.mark.parametrize(("command", "changed", "fields"), BAD, ids=lambda value: str(value)[:60])
def test_what_is_impossible_is_a_fault_under_its_field(command: str, changed: dict[str, Any], fields: set[str]) -> None:
    assert faults(lambda: admit(command, **changed)).keys() == fields


def test_the_list_of_2024_is_not_used_before_it_exists() -> None:
    assert faults(lambda: admit("IdentifyPerson", time=datetime(2023, 5, 1, tzinfo=UTC), qpv=QPV)).keys() == {"qpv.vintage"}
    admit("IdentifyPerson", qpv={**QPV, "code": "QN06101M"})


SPELLINGS = [" p", "p ", "p\u00a0", "p\u200b", "\u202ep", "é", "e\u0301", "a/b", "a b", "", ".", "p" * 65, "p\n", "٢", "a\0"]


@pytest.mark.parametrize("id", SPELLINGS)
@pytest.mark.parametrize("command", DATA)
def test_an_identifier_has_one_spelling(command: str, id: str) -> None:
    """No other spelling comes in, so that none makes another person."""
    names = [name for name in ("person", "workshop", "orientation", "serial", "kept", "merged", "task") if name in DATA[command]]
    changed: dict[str, Any] = dict.fromkeys(names, id)
    assert faults(lambda: admit(command, **changed)).keys() == set(names)


@given(st.text(max_size=80))
def test_an_identifier_that_comes_in_is_one_word_of_ascii(id: str) -> None:
    try:
        admitted = admit("IdentifyPerson", person=id)
    except Invalid:
        return
    assert admitted.values["person"] == id
    assert id.isascii()
    assert not set(id) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")


@given(st.datetimes(timezones=st.just(UTC)), st.dates(), st.integers(), st.sampled_from(sorted(DATA)))
def test_whatever_comes_in_is_within_the_programme(time: datetime, day: date, number: int, command: str) -> None:
    """Days and years of any size are faults or are possible: no other failure, and no fact that a quarter cannot hold."""
    changed: dict[str, Any] = {name: day.isoformat() for name in ("exit_on", "held_on", "until") if name in DATA[command]}
    changed |= {name: number for name in ("birth_year", "rank", "version", "minutes") if name in DATA[command]}
    try:
        admitted = admit(command, time=time, **changed)
    except Invalid:
        return
    assert PROGRAMME.earliest() <= admitted.circumstances.fact_date <= admitted.circumstances.recording_date
    for name in ("exit_on", "held_on", "until"):
        assert PROGRAMME.earliest() <= admitted.values.get(name, admitted.circumstances.fact_date) <= date(2027, 6, 1)
