"""A history in which every kind of reader meets what is theirs and what is not: a transfer, a workshop elsewhere, a referral, a task."""

from typing import Any
from uuid import uuid4

import msgspec

from tests.harness.world import World, met

MOBILITY = "mobilite--acceder-a-un-vehicule"
READERS: dict[str, dict[str, Any]] = {
    "coach of Alençon": {"role": "coach", "territories": ("alencon",)},
    "coach of Flers": {"role": "coach", "territories": ("flers",)},
    "coordinator": {"role": "coordinator"},
    "auditor": {"role": "auditor"},
    "data protection officer": {"role": "dpo"},
    "committee": {"role": "committee", "territories": ("alencon",)},
    "funder": {"role": "funder"},
    "partner": {"role": "partner", "territories": ("alencon",), "organisation": "cap"},
    "prescriber": {"role": "prescriber", "territories": ("alencon",), "organisation": "ccas"},
    "participant": {"role": "participant", "territories": ("alencon",), "actor": "p-1"},
    "nobody": {"role": None},
}
PERSONS = ("p-1", "p-2", "p-3", "p-4")


def must(world: World, name: str, data: dict[str, Any], *, day: str, territory: str = "alencon", role: str = "coach", **more: Any) -> int:
    """Record a step at noon of a day of 2024, or of the year that it names. Returns its position."""
    body = {"territory": territory, "time": f"{day if len(day) > 5 else f'2024-{day}'}T12:00:00+00:00", "data": data}
    answer = world.ask("POST", f"/v1/commands/{name}", role=role, json=body, headers={"Idempotency-Key": str(uuid4())}, **more)
    assert answer.status_code == 201, answer.text
    return int(msgspec.json.decode(answer.data)["position"])


def tell(world: World) -> None:
    """p-1 is coached in Alençon, then in Flers. p-2 is met in Flers and comes to a workshop in Alençon. p-3 is oriented and referred.

    p-4 has an exit towards an outcome. Five more are met in Alençon, so that a figure is shown.
    """
    for number in range(5):
        must(world, "IdentifyPerson", met(f"q-{number}"), day="04-02")
    for person, territory in (("p-1", "alencon"), ("p-2", "flers"), ("p-3", "alencon"), ("p-4", "alencon")):
        must(world, "IdentifyPerson", met(person), day="04-02", territory=territory)
    workshop = {"workshop": "w-1", "kind": "CV", "thematique": MOBILITY, "capacity": 5, "held_on": "2024-04-20"}
    must(world, "ScheduleWorkshop", workshop, day="04-03")
    must(world, "AttendWorkshop", {"workshop": "w-1", "person": "p-2", "walk_in": True}, day="04-20")
    must(world, "OpenJourney", {"person": "p-1", "referent": "coach-1"}, day="04-04")
    must(world, "HoldInterview", {"person": "p-1", "mode": "VISIO", "minutes": 30}, day="04-05")
    must(world, "TransferJourney", {"person": "p-1", "to_territory": "flers"}, day="05-01")
    must(world, "HoldInterview", {"person": "p-1", "mode": "VISIO", "minutes": 45}, day="05-06", territory="flers")
    tell_of_organisations(world)
    must(world, "OpenJourney", {"person": "p-4", "referent": "coach-1"}, day="04-04")
    job = {"outcome": "o-1", "contract": "CDI", "weekly_hours": 35, "evidence": "CONTRAT"}
    must(world, "FindJob", {"person": "p-4", **job}, day="05-10")
    must(world, "ExitJourney", {"person": "p-4", "exit_on": "2024-05-12", "reason": "OUTCOME", "outcomes": ["o-1"]}, day="05-12")
    tell_of_decisions(world)


def tell_of_organisations(world: World) -> None:
    prescriber, partner = READERS["prescriber"], READERS["partner"]
    for orientation, person in (("r-3", "p-3"), ("r-2", "p-2")):  # p-2 is followed elsewhere
        sent = {"orientation": orientation, "person": person, "kind": "CCAS", "needs": [], "urgency": False, "consent": True}
        must(world, "ReceiveOrientation", sent, day="04-06", **prescriber)
    listed = {"partner": "cap", "label": "Cap emploi", "services": ["accompagnement"]}
    must(world, "ListPartner", listed, day="04-02", role="coordinator")
    referral = {"person": "p-3", "referral": "r-1", "partner": "cap", "thematique": MOBILITY, "consent": "c-1", "shared_fields": []}
    must(world, "SendReferral", referral, day="04-08")
    must(world, "SeeReferral", {"person": "p-3", "referral": "r-1"}, day="04-09", **partner)


def tell_of_decisions(world: World) -> None:
    """An event that is set aside, and a task about somebody whom Flers follows by now."""
    aside = {"position": 4, "reason": "Saisi deux fois"}
    must(world, "SetFactAside", aside, day="05-15", role="coordinator", territory="all")
    must(world, "ApproveSettingAside", {"position": 4}, day="05-16", role="dpo", territory="all")
    opened = {"policy": "a policy", "cause": 1, "kind": "intake.OrientationAccepted", "code": "person_unknown", "details": {}}
    for task, person in (("t-1", "p-1"), ("t-2", "p-2"), ("t-3", "p-3")):
        must(world, "OpenTask", {"task": task, "person": person, **opened}, day="05-17", role="system")
