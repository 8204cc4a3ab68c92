"""Who came to a workshop: with a seat or as a walk-in. What was noted by mistake is withdrawn before the workshop closes.

Part of the aggregate of workshop.py and of its stream `workshop-<workshop>`.
"""

from datetime import date
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from services.coaching.coded_values import CorrectionReason
from services.vocabulary.fields import Id
from services.vocabulary.person_standing import NOBODY, Standing
from shared.command_fields import FactDate
from shared.errors import Refused
from shared.trust.personal.marks import Code, Identifier

# Events: what happened -----------------------------------------------------------------------------------------------


class WorkshopAttended(Struct, frozen=True, tag=True, kw_only=True):
    """A person came, with a seat or as a walk-in."""

    workshop: Identifier
    person: Identifier
    walk_in: bool
    thematique: Code
    on: date


class WorkshopMissed(Struct, frozen=True, tag=True, kw_only=True):
    """A person was expected and did not come."""

    workshop: Identifier
    person: Identifier
    excused: bool
    on: date


class AttendanceWithdrawn(Struct, frozen=True, tag=True, kw_only=True):
    """It was noted by mistake that a person came or did not. With a `seat` the person is expected again."""

    workshop: Identifier
    person: Identifier
    seat: bool
    why: CorrectionReason
    on: date


Event = WorkshopAttended | WorkshopMissed | AttendanceWithdrawn

# State: what is true -------------------------------------------------------------------------------------------------


class Attendance(Struct, frozen=True):
    """Who is known to have come or not."""

    present: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()

    @property
    def resolved(self) -> frozenset[str]:
        return self.present | self.missing


def evolve(attendance: Attendance, event: Event) -> Attendance:
    match event:
        case WorkshopAttended(person=person):
            return replace(attendance, present=attendance.present | {person})
        case WorkshopMissed(person=person):
            return replace(attendance, missing=attendance.missing | {person})
        case AttendanceWithdrawn(person=person):
            return Attendance(attendance.present - {person}, attendance.missing - {person})
        case _:
            assert_never(event)


# Commands: what may be requested -------------------------------------------------------------------------------------


class AttendWorkshop(Struct, frozen=True, kw_only=True):
    workshop: Id
    person: Id
    walk_in: bool
    on: FactDate
    standing: Standing = NOBODY


class MissWorkshop(Struct, frozen=True, kw_only=True):
    workshop: Id
    person: Id
    excused: bool
    on: FactDate


class WithdrawAttendance(Struct, frozen=True, kw_only=True):
    workshop: Id
    person: Id
    why: CorrectionReason
    on: FactDate


Command = AttendWorkshop | MissWorkshop | WithdrawAttendance

# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(attendance: Attendance, seated: frozenset[str], thematique: str, held_on: date, command: Command) -> Event:
    """The event that a command leads to, at a workshop that was held: `seated` have a seat. Attendance is noted on its day."""
    if isinstance(command, WithdrawAttendance):
        return withdraw(attendance, seated, command)
    if command.on > held_on:
        raise Refused("attendance_on_another_day")
    if command.person in attendance.resolved:
        raise Refused("attendance_already_recorded")
    match command:
        case AttendWorkshop():
            return attend(seated, thematique, command)
        case MissWorkshop(workshop=workshop, person=person, excused=excused, on=on):
            check_seated(seated, person)
            return WorkshopMissed(workshop=workshop, person=person, excused=excused, on=on)
        case _:
            assert_never(command)


def attend(seated: frozenset[str], thematique: str, command: AttendWorkshop) -> WorkshopAttended:
    """A walk-in takes no seat, so a full workshop admits them: an attendance is a fact, not a booking."""
    command.standing.check_open(command.on)
    if command.walk_in and command.person in seated:
        raise Refused("not_a_walk_in")
    if not command.walk_in:
        check_seated(seated, command.person)
    return WorkshopAttended(workshop=command.workshop, person=command.person, walk_in=command.walk_in, thematique=thematique, on=command.on)


def withdraw(attendance: Attendance, seated: frozenset[str], command: WithdrawAttendance) -> AttendanceWithdrawn:
    if command.person not in attendance.resolved:
        raise Refused("attendance_not_recorded")
    seat = command.person in seated
    return AttendanceWithdrawn(workshop=command.workshop, person=command.person, seat=seat, why=command.why, on=command.on)


def check_seated(seated: frozenset[str], person: str) -> None:
    if person not in seated:
        raise Refused("seat_not_taken")
