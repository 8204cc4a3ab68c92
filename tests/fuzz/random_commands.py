"""Random commands: valid, nearly valid, and wild, by every role, about few people over a programme that goes on.

A command that keeps the rules of the envelope (role, territory, day) is still often refused by its aggregate, and one that breaks them may
be accepted: both are wanted. `accepted` tells the maker what the product accepted, so that later commands speak in the right territory.
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, Literal
from uuid import UUID

from services.bootstrap.registry import SERVICES
from shared.trust.scope import Roles
from tests.fuzz.random_fields import COACHES, JUNK, PARTNERS, RandomFields

CommandLine = dict[str, Any]
Manner = Literal["valid", "nearly", "wild"]

START = date(2022, 6, 1)
COMMANDS_PER_PERSON = 70
DAYS_OF_A_PERSON = 330  # long enough for a journey and its follow-ups
MANNERS: Mapping[Manner, int] = {"valid": 70, "nearly": 22, "wild": 8}
IN_TURN_SHARE = 0.6  # of the commands are among those that usually come at that stage of a person's way
REFERRALS = ("SendReferral", "SendReferral", "SeeReferral", "AcceptReferral", "DeclineReferral", "CompleteReferral", "WithdrawReferral")
WORKSHOPS = ("ScheduleWorkshop", "TakeSeat", "TakeSeat", "AttendWorkshop", "MissWorkshop", "ReleaseSeat", "CloseWorkshop")
OUTCOMES = ("FindJob", "FindJob", "EnterTraining", "CreateBusiness", "ResumeSchool")
STAGES: Mapping[str, Sequence[str]] = {
    "new": ("IdentifyPerson", "IdentifyPerson", "ReceiveOrientation"),
    "met": ("OpenJourney", "AcceptOrientation", "DeclineOrientation", "RecordProfile", "RecordIdentity", "CloseContact", *REFERRALS),
    "open": (
        "HoldInterview",
        "IdentifyBarrier",
        "LiftBarrier",
        "TransferJourney",
        "ExitJourney",
        "ExitJourney",
        "ExitJourney",
        *OUTCOMES,
        *WORKSHOPS,
        *REFERRALS,
    ),
    "exited": (*["CompleteFollowUp"] * 6, *["RecordUnreachable"] * 2, "CorrectExit", "GrantRenewal", "OpenJourney", "FindJob"),
}
PLACING = ("IdentifyPerson", "TransferPerson", "TransferJourney", "ScheduleWorkshop")  # they say where a subject stands
NEXT_STAGE = {"IdentifyPerson": "met", "OpenJourney": "open", "AcceptOrientation": "open", "ExitJourney": "exited"}
WEIGHTS = {  # of the commands that come out of turn; 1 for the others
    "ListPartner": 4,
    "PublishDefinitions": 0.1,
    "MergePersons": 0.3,
    "DestroyPersonKey": 0.2,
    "NeutraliseExit": 0.4,
    "SetTarget": 0.2,
    "ReleaseCell": 0.2,
}
AFTER_NOTICE = ("RecordProfile", "RecordIdentity")
NOTICE_SHARE = 0.8  # of those that come before the person was informed are a notice in their place
ORGANISATIONS: Mapping[str, Sequence[str]] = {"prescriber": ("ccas", "ml"), "partner": PARTNERS}
ROLES = ("coach", "coordinator", "prescriber", "partner", "committee", "funder", "auditor", "dpo", "participant", "system")

COMMANDS: Mapping[str, type[Any]] = {
    command.__name__: command for service in SERVICES.values() for aggregate in service.aggregates for command in aggregate.command_types
}
PERMISSIONS: Mapping[str, Roles] = {
    command.__name__: roles for service in SERVICES.values() for command, roles in service.permissions.items()
}


class RandomCommands:
    """Commands from `START` to `end`, `number` of them. The same seed and the same answers give the same commands."""

    def __init__(self, seed: int, territories: Sequence[str], number: int, end: date, manners: Mapping[Manner, int] = MANNERS) -> None:
        self.rng = Random(seed)
        self.territories = territories
        self.fields = RandomFields(self.rng, territories)
        self.number = number
        self.days = (end - START).days
        self.people_at_once = max(12, number * DAYS_OF_A_PERSON // (self.days * COMMANDS_PER_PERSON))
        self.manners = manners
        self.where: dict[str, str] = {}  # the territory of each person and workshop
        self.stage: dict[str, str] = {}
        self.informed: set[str] = set()
        self.sent: list[CommandLine] = []

    def __iter__(self) -> Iterator[CommandLine]:
        for count in range(self.number):
            today = START + timedelta(days=self.days * count // self.number)
            line = self.varied(self.valid(count, today))
            self.sent = [*self.sent[-49:], line]
            yield line

    def accepted(self, line: CommandLine) -> None:
        name, data = line["type"], line["data"]
        person = data.get("person") or data.get("orientation", "").partition("-")[0]
        if name in PLACING:
            self.where[data.get("workshop") or person] = data.get("to_territory", line["territory"])
        if "outcome" in data:
            self.fields.outcomes.setdefault(person, []).append(data["outcome"])
        if name == "SendReferral":
            self.fields.referrals.setdefault(person, []).append(data["referral"])
        if name == "GiveNotice":
            self.informed.add(person)
        self.stage[person] = NEXT_STAGE.get(name, self.stage.get(person, "new"))

    # Valid ------------------------------------------------------------------------------------------------------------

    def valid(self, count: int, today: date) -> CommandLine:
        rng = self.rng
        person, other = self.person(count), self.person(count)
        name = self.command(self.stage.get(person, "new"))
        if name in AFTER_NOTICE and person not in self.informed and rng.random() < NOTICE_SHARE:
            name = "GiveNotice"
        day = max(START, today - timedelta(days=rng.choice((0, 0, 0, 1, 2, 10, 45))))
        data = self.fields.data(COMMANDS[name], person, other, day)
        fact = datetime.combine(day, time(8 + rng.randrange(10), rng.randrange(60)), UTC)
        recorded = datetime.combine(today, time(19, rng.randrange(60)), UTC)
        return {
            "id": str(UUID(int=rng.getrandbits(128), version=4)),
            "type": name,
            "time": fact.isoformat(),
            "territory": self.territory(name, str(data.get("workshop") or person)),
            "data": data,
            "actor": self.actor(rng.choice([role for role in PERMISSIONS[name] if role != "system"] or ["system"])),
            "recorded_time": recorded.isoformat(),
        }

    def command(self, stage: str) -> str:
        if self.rng.random() < IN_TURN_SHARE:
            return self.rng.choice([name for name in STAGES[stage] if name in COMMANDS])
        return self.rng.choices(list(COMMANDS), [WEIGHTS.get(name, 1.0) for name in COMMANDS])[0]

    def person(self, count: int) -> str:
        """One of the people of the moment: they change as the programme goes on."""
        return f"p{count // COMMANDS_PER_PERSON + self.rng.randrange(self.people_at_once)}"

    def territory(self, name: str, subject: str) -> str:
        if name in ("PublishDefinitions", "SetTarget", "ReleaseCell"):
            return "all"
        return self.where.setdefault(subject, self.rng.choice(self.territories))

    def actor(self, role: str) -> dict[str, str]:
        organisation = self.rng.choice(ORGANISATIONS.get(role, ("etape",)))
        return {"id": self.rng.choice(COACHES) if role == "coach" else f"{role}-1", "role": role, "organisation": organisation}

    # Variations -------------------------------------------------------------------------------------------------------

    def varied(self, line: CommandLine) -> CommandLine:
        match self.rng.choices(list(self.manners), list(self.manners.values()))[0]:
            case "valid":
                return line
            case "nearly":
                return self.rng.choice((self.elsewhere, self.by_another, self.at_another_time, self.incomplete, self.again, self.swapped))(
                    line
                )
            case _:
                return self.rng.choice((self.with_junk, self.with_junk, self.with_junk_envelope))(line)

    def elsewhere(self, line: CommandLine) -> CommandLine:
        return line | {"territory": self.rng.choice(self.territories)}

    def by_another(self, line: CommandLine) -> CommandLine:
        return line | {"actor": self.actor(self.rng.choice(ROLES))}

    def at_another_time(self, line: CommandLine) -> CommandLine:
        moved = datetime.fromisoformat(line["time"]) + timedelta(days=self.rng.choice((-400, -100, -30, -1, 1, 40)))
        return line | {"time": moved.isoformat()}

    def incomplete(self, line: CommandLine) -> CommandLine:
        data = dict(line["data"])
        data.pop(self.rng.choice([*data, ""]), None)
        return line | {"data": data}

    def again(self, line: CommandLine) -> CommandLine:
        """An earlier command as it was, or with another id, or its id with other data."""
        earlier = deepcopy(self.rng.choice([*self.sent, line]))
        return self.rng.choice((earlier, earlier | {"id": line["id"]}, line | {"id": earlier["id"]}))

    def swapped(self, line: CommandLine) -> CommandLine:
        """The data of an earlier command for another person."""
        earlier = self.rng.choice([*self.sent, line])
        shared = (
            {field: value for field, value in earlier["data"].items() if field in line["data"]} if isinstance(earlier["data"], dict) else {}
        )
        return line | {"data": line["data"] | shared}

    def with_junk(self, line: CommandLine) -> CommandLine:
        field = self.rng.choice([*line["data"], "unknown"])
        return line | {"data": line["data"] | {field: self.rng.choice(JUNK)}}

    def with_junk_envelope(self, line: CommandLine) -> CommandLine:
        field = self.rng.choice(("id", "type", "time", "territory", "data", "actor"))
        times = ("0001-01-01T00:00:00+00:00", "1924-01-10T10:00:00+00:00", "9999-12-31T23:59:59+00:00", "2023-01-01", "2023-01-01T10:00:00")
        return line | {field: self.rng.choice(times if field == "time" else JUNK)}
