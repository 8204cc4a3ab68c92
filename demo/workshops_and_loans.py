"""Commands about a series of workshops, and about the loans of one laptop.

Both concern people with an open journey in the town on that day, so their sequences wait for the day (`wait_until`) before they draw.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from uuid import UUID

from demo.actors import Town
from demo.command_lines import Actor, CommandSequence, TimedLine, stable_id
from demo.dates import workday
from demo.draws import workday_after
from demo.schedule import Source

WORKSHOPS = (
    ("CV et lettre de motivation", "preparer-sa-candidature--realiser-un-cv-et-ou-une-lettre-de-motivation"),
    ("Code de la route", "mobilite--preparer-un-permis"),
    ("Confiance en soi", "remobilisation--bien-etre-confiance-en-soi"),
    ("Premiers pas numériques", "numerique--maitriser-les-fondamentaux-du-numerique"),
    ("Gérer son budget", "difficultes-financieres--ameliorer-sa-gestion-budgetaire"),
    ("Découverte des métiers", "choisir-un-metier--decouvrir-un-metier-ou-un-secteur-dactivite"),
    ("Simulation d’entretien", "trouver-un-emploi--convaincre-un-recruteur-en-entretien"),
)


def workshop_series(rng: Random, town: Town, id: UUID, first: date, end: date) -> Source:
    """Workshops in a town, one after the other; none in August."""
    commands = CommandSequence(rng, id, town.id)

    def lines() -> Iterator[TimedLine]:
        day, number = workday_after(rng, first, 20, 45), 0
        while day < end - timedelta(days=16):
            held_on = workday(day + timedelta(days=12))
            if held_on.month != 8:
                number += 1
                yield from workshop(commands, town, str(stable_id(commands.id, number)), day, held_on)
            day = workday_after(rng, held_on, 1, 9)

    return Source(first, lines())


def workshop(commands: CommandSequence, town: Town, id: str, day: date, held_on: date) -> Iterator[TimedLine]:
    """A workshop scheduled on `day`: its seats, the attendance, sometimes a walk-in, and its closing when every seat is resolved."""
    rng, ids, coach = commands.rng, {"workshop": id}, commands.rng.choice(town.coaches)
    (kind, thematique), capacity = rng.choice(WORKSHOPS), rng.choice((6, 8, 8, 10))
    data = {"kind": kind, "thematique": thematique, "capacity": capacity, "held_on": held_on.isoformat()}
    yield commands.emit("ScheduleWorkshop", day, coach, **ids, **data)
    seats = town.open_journeys.sample(rng, min(capacity, rng.randint(4, 8)))
    for number, person in enumerate(seats):
        yield commands.emit("TakeSeat", workday(day + timedelta(days=1 + number // 3)), coach, **ids, person=person)
    yield commands.wait_until(held_on)
    for person in seats:
        yield attendance(commands, town, held_on, coach, ids, person)
    for person in town.open_journeys.sample(rng, rng.choice((0, 0, 0, 1))):
        if person not in seats:
            yield commands.emit("AttendWorkshop", held_on, coach, **ids, person=person, walk_in=True)
    yield commands.emit("CloseWorkshop", held_on, coach, **ids)


def attendance(commands: CommandSequence, town: Town, held_on: date, coach: Actor, ids: dict[str, str], person: str) -> TimedLine:
    """What became of a seat: attended (70 %), missed, or released; always released when the person's journey is no longer open here."""
    chance = commands.rng.random()
    if person not in town.open_journeys or chance < 0.06:
        return commands.emit("ReleaseSeat", held_on, coach, **ids, person=person, reason="EMPECHEMENT")
    if chance < 0.76:
        return commands.emit("AttendWorkshop", held_on, coach, **ids, person=person, walk_in=False)
    return commands.emit("MissWorkshop", held_on, coach, **ids, person=person, excused=chance < 0.86)


def laptop_loans(rng: Random, town: Town, id: UUID, first: date, end: date) -> Source:
    """One laptop, lent to one person after another until one of them buys it."""
    commands, serial = CommandSequence(rng, id, town.id), f"PC-{id.hex[:10]}"

    def lines() -> Iterator[TimedLine]:
        day, sold = workday_after(rng, first, 60, 300), False
        while day < end and not sold:
            yield commands.wait_until(day)
            for person in town.open_journeys.sample(rng, 1):
                sold = rng.random() < 0.1
                day = workday_after(rng, day, 50, 170)
                yield from loan(commands, town, serial, person, day, sold)
                commands.territory = town.id
            day = workday_after(rng, day, 8, 50)

    return Source(first, lines())


def loan(commands: CommandSequence, town: Town, serial: str, person: str, back_on: date, sold: bool) -> Iterator[TimedLine]:
    """A loan from the day of the sequence to the return or the sale on `back_on`, where the borrower is followed then.

    Both are recorded at once, so that no transfer is recorded between the fact and its recording.
    """
    rng, until = commands.rng, (commands.last_recorded.date() + timedelta(days=180)).isoformat()
    yield commands.emit_now("LendEquipment", rng.choice(town.coaches), serial=serial, person=person, until=until)
    yield commands.wait_until(back_on)
    commands.territory = town.of(person).id
    coach = rng.choice(town.of(person).coaches)
    if sold:
        yield commands.emit_now("BuyOutEquipment", coach, serial=serial, person=person, price_cents=9_000)
    else:
        yield commands.emit_now("ReturnEquipment", coach, serial=serial, working=rng.random() < 0.93)
