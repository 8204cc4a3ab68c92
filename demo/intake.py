"""Commands of the first contact: the orientation, the meeting, the assessment and the profile at the entry."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from demo.actors import Town
from demo.command_lines import Actor, CommandSequence, TimedLine, stable_id
from demo.draws import weighted_choice, workday_after
from demo.plans import Coached, PersonPlan

CHANNELS = {"RUE": 26, "PORTE_A_PORTE": 20, "PERMANENCE": 20, "EVENEMENT": 12, "BOUCHE_A_OREILLE": 14, "SPONTANE": 8}
PLACES = (
    "Marché",
    "Maison de quartier",
    "Hall d’immeuble",
    "City stade",
    "Sortie de l’école",
    "Centre social",
    "Arrêt de bus",
    "Médiathèque",
)
RADARS = {"NON_INSCRIT": 44, "SANS_CONTACT_5_MOIS": 21, "SUIVI": 24, "INCONNU": 11}
REGISTRATIONS = {"NON_INSCRIT": 50, "FRANCE_TRAVAIL": 28, "MISSION_LOCALE": 18, "CAP_EMPLOI": 4}
EDUCATION_LEVELS = {"NIVEAU_3_OU_MOINS": 58, "NIVEAU_4": 24, "NIVEAU_5_ET_PLUS": 10, "INCONNU": 8}
HOUSEHOLDS = {"SEUL": 34, "SEUL_ENFANTS": 24, "COUPLE": 10, "COUPLE_ENFANTS": 20, "AUTRE": 12}
NEEDS = (
    "trouver-un-emploi--repondre-a-des-offres-demploi",
    "mobilite--preparer-un-permis",
    "choisir-un-metier--decouvrir-un-metier-ou-un-secteur-dactivite",
    "remobilisation--lien-social",
    "se-former--trouver-sa-formation",
)
DECLINE_REASONS = {"DEJA_SUIVI": 30, "NON_ELIGIBLE": 22, "INJOIGNABLE": 18, "REFUS": 20, "AUTRE": 10}


def first_contact(commands: CommandSequence, town: Town, plan: PersonPlan, coach: Actor) -> Iterator[TimedLine]:
    """Everything up to a journey, a referral or the end of the contact. The answer to the prescriber comes last, if one is given."""
    rng = commands.rng
    person, orientation = str(plan.person), str(stable_id(plan.person, "orientation"))
    kind, prescriber = town.draw_prescriber(rng)
    if plan.orientation != "none":
        yield receive_orientation(commands, plan.first_on, prescriber, orientation, person, kind)
    yield identify_person(commands, town, plan, coach)
    yield commands.emit("GiveNotice", plan.met_on, coach, person=person, version=1, mode=rng.choice(("ORAL", "ORAL", "ECRIT")))
    yield from contact_attempts(commands, plan, coach)
    if isinstance(plan.path, Coached):
        opened_on = plan.path.journeys[0].opened_on
        yield from entry_records(commands, plan, coach, opened_on)
        if plan.orientation == "accepted":
            yield commands.emit("AcceptOrientation", opened_on, coach, orientation=orientation, referent=coach["id"])
    elif plan.orientation == "declined":
        day = workday_after(rng, plan.met_on, 0, 6)
        yield decline_orientation(commands, day, coach, orientation, weighted_choice(rng, DECLINE_REASONS))


def receive_orientation(commands: CommandSequence, day: date, prescriber: Actor, orientation: str, person: str, kind: str) -> TimedLine:
    needs, urgency = commands.rng.sample(NEEDS, commands.rng.randint(1, 2)), commands.rng.random() < 0.1
    data = {"orientation": orientation, "person": person, "kind": kind, "needs": needs, "urgency": urgency, "consent": True}
    return commands.emit("ReceiveOrientation", day, prescriber, **data)


def decline_orientation(commands: CommandSequence, day: date, coach: Actor, orientation: str, reason: str) -> TimedLine:
    action = commands.rng.choice(
        ("Point avec le conseiller actuel", "Rendez-vous à la permanence du quartier", "Retour vers le prescripteur")
    )
    return commands.emit("DeclineOrientation", day, coach, orientation=orientation, reason=reason, proposed_action=action)


def identify_person(commands: CommandSequence, town: Town, plan: PersonPlan, coach: Actor) -> TimedLine:
    rng = commands.rng
    channel = "PARTENAIRE" if plan.orientation != "none" else weighted_choice(rng, CHANNELS)
    data = {"person": str(plan.person), "channel": channel, "place": rng.choice(PLACES), "radar": weighted_choice(rng, RADARS)}
    return commands.emit("IdentifyPerson", plan.met_on, coach, **data, **neighbourhood(rng, town, plan))


def neighbourhood(rng: Random, town: Town, plan: PersonPlan) -> dict[str, dict[str, object]]:
    """The field `qpv` of a person, on the list in force on the day of the meeting; empty outside every neighbourhood of it."""
    if plan.qpv:
        return {"qpv": {"vintage": plan.qpv[0], "name": plan.qpv[1]}}
    qpv = town.draw_neighbourhood(rng, plan.met_on)
    return {"qpv": {"vintage": qpv.vintage, "name": qpv.name}} if qpv else {}


def contact_attempts(commands: CommandSequence, plan: PersonPlan, coach: Actor) -> Iterator[TimedLine]:
    for _ in range(commands.rng.choice((0, 0, 1, 1, 2))):
        outcome = commands.rng.choice(("JOINT", "JOINT", "ABSENT", "MESSAGE_LAISSE"))
        yield commands.emit("RecordContactAttempt", plan.met_on + timedelta(days=1), coach, person=str(plan.person), outcome=outcome)


def entry_records(commands: CommandSequence, plan: PersonPlan, coach: Actor, day: date) -> Iterator[TimedLine]:
    """What is recorded at the opening of a journey: an assessment for all, a profile for nearly all."""
    yield assess_eligibility(commands, plan, coach, day, "DEROGATION" if commands.rng.random() < 0.06 else "ELIGIBLE")
    if commands.rng.random() < 0.96:
        yield record_profile(commands, plan, coach, day)


def assess_eligibility(commands: CommandSequence, plan: PersonPlan, coach: Actor, day: date, verdict: str) -> TimedLine:
    why = {"derogation": "Hors QPV, en rupture de droits"} if verdict == "DEROGATION" else {}
    data = {"criteria": ["RESIDENCE_QPV", "SANS_SUIVI"], "verdict": verdict, "rule_version": 1, "evidence_kind": "DECLARATION", **why}
    return commands.emit("AssessEligibility", day, coach, person=str(plan.person), **data)


def record_profile(commands: CommandSequence, plan: PersonPlan, coach: Actor, day: date) -> TimedLine:
    rng = commands.rng
    return commands.emit(
        "RecordProfile",
        day,
        coach,
        person=str(plan.person),
        sex="F" if rng.random() < 0.54 else "M",
        birth_year=plan.met_on.year - int(rng.triangular(17, 60, 27)),
        registration=weighted_choice(rng, REGISTRATIONS),
        education_level=weighted_choice(rng, EDUCATION_LEVELS),
        disability=rng.random() < 0.09,
        household=weighted_choice(rng, HOUSEHOLDS),
    )
