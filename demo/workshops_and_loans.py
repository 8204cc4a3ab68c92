"""What happens with many: workshops, laptops, surveys."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from uuid import UUID

from demo.actors import PARTICIPANT, Town
from demo.schedule import Actor, Chain, Said, Source, after, identifier, workday

WORKSHOPS = (
    ("CV et lettre de motivation", "preparer-sa-candidature--realiser-un-cv-et-ou-une-lettre-de-motivation"),
    ("Code de la route", "mobilite--preparer-un-permis"),
    ("Confiance en soi", "remobilisation--bien-etre-confiance-en-soi"),
    ("Premiers pas numériques", "numerique--maitriser-les-fondamentaux-du-numerique"),
    ("Gérer son budget", "difficultes-financieres--ameliorer-sa-gestion-budgetaire"),
    ("Découverte des métiers", "choisir-un-metier--decouvrir-un-metier-ou-un-secteur-dactivite"),
    ("Simulation d’entretien", "trouver-un-emploi--convaincre-un-recruteur-en-entretien"),
)
DOMAINS = ("SANTE", "GARDE_ENFANT", "LOGEMENT", "MOBILITE", "ESTIME_DE_SOI")


def workshops(rng: Random, town: Town, id: UUID, first: date, end: date) -> Source:
    """One workshop after the other in a town; none in August."""
    chain = Chain(rng, id, town.id)

    def told() -> Iterator[Said]:
        day, held = after(rng, first, 20, 45), 0
        while day < end - timedelta(days=16):
            held_on = workday(day + timedelta(days=12))
            if held_on.month != 8:
                held += 1
                yield from workshop(chain, town, str(identifier(chain.id, held)), day, held_on)
            day = after(rng, held_on, 1, 9)

    return first, told()


def workshop(chain: Chain, town: Town, id: str, day: date, held_on: date) -> Iterator[Said]:
    rng, one, coach = chain.rng, {"workshop": id}, chain.rng.choice(town.coaches)
    (kind, thematique), capacity = rng.choice(WORKSHOPS), rng.choice((6, 8, 8, 10))
    said = {"kind": kind, "thematique": thematique, "capacity": capacity, "held_on": held_on.isoformat()}
    yield chain.say("ScheduleWorkshop", day, coach, **one, **said)
    seats = town.open.drawn(rng, min(capacity, rng.randint(4, 8)))
    for number, person in enumerate(seats):
        yield chain.say("TakeSeat", workday(day + timedelta(days=1 + number // 3)), coach, **one, person=person)
    yield chain.wait(held_on)
    for person in seats:
        yield attendance(chain, town, held_on, coach, one, person)
    for person in town.open.drawn(rng, rng.choice((0, 0, 0, 1))):
        if person not in seats:
            yield chain.say("AttendWorkshop", held_on, coach, **one, person=person, walk_in=True)
    yield chain.say("CloseWorkshop", held_on, coach, **one)


def attendance(chain: Chain, town: Town, held_on: date, coach: Actor, one: dict[str, str], person: str) -> Said:
    chance = chain.rng.random()
    if person not in town.open or chance < 0.06:
        return chain.say("ReleaseSeat", held_on, coach, **one, person=person, reason="EMPECHEMENT")
    if chance < 0.76:
        return chain.say("AttendWorkshop", held_on, coach, **one, person=person, walk_in=False)
    return chain.say("MissWorkshop", held_on, coach, **one, person=person, excused=chance < 0.86)


def laptop(rng: Random, town: Town, id: UUID, first: date, end: date) -> Source:
    """One laptop, lent again and again until somebody buys it."""
    chain, serial = Chain(rng, id, town.id), f"PC-{id.hex[:10]}"

    def told() -> Iterator[Said]:
        day, sold = after(rng, first, 60, 300), False
        while day < end and not sold:
            yield chain.wait(day)
            for person in town.open.drawn(rng, 1):
                sold = rng.random() < 0.1
                day = after(rng, day, 50, 170)
                yield from loan(chain, town, serial, person, day, sold)
            day = after(rng, day, 8, 50)

    return first, told()


def loan(chain: Chain, town: Town, serial: str, person: str, back_on: date, sold: bool) -> Iterator[Said]:
    day, coach = chain.recorded.date(), chain.rng.choice(town.coaches)
    until = (day + timedelta(days=180)).isoformat()
    yield chain.say("LendEquipment", day, coach, serial=serial, person=person, until=until)
    if sold:
        yield chain.say("BuyOutEquipment", back_on, coach, serial=serial, person=person, price_cents=9_000)
    else:
        yield chain.say("ReturnEquipment", back_on, coach, serial=serial, working=chain.rng.random() < 0.93)


def answer(rng: Random, town: str, id: UUID, day: date, said: dict[str, object]) -> Source:
    """An answer stands alone: its day follows nobody's exit, its token leads to nobody."""
    return day, iter((Chain(rng, id, town).say("AnswerSurvey", day, PARTICIPANT, token=str(id), **said),))


def domains(rng: Random, effect: bool) -> list[str]:
    return rng.sample(DOMAINS, rng.randint(1, 3)) if effect else []
