"""From the first day to the end of the contact: the orientation, the meeting, what is told and asked there."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from demo.actors import Town
from demo.plans import Coached, Plan, weighed
from demo.schedule import Actor, Chain, Said, after, identifier

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
LEVELS = {"NIVEAU_3_OU_MOINS": 58, "NIVEAU_4": 24, "NIVEAU_5_ET_PLUS": 10, "INCONNU": 8}
HOUSEHOLDS = {"SEUL": 34, "SEUL_ENFANTS": 24, "COUPLE": 10, "COUPLE_ENFANTS": 20, "AUTRE": 12}
NEEDS = (
    "trouver-un-emploi--repondre-a-des-offres-demploi",
    "mobilite--preparer-un-permis",
    "choisir-un-metier--decouvrir-un-metier-ou-un-secteur-dactivite",
    "remobilisation--lien-social",
    "se-former--trouver-sa-formation",
)
DECLINED = {"DEJA_SUIVI": 30, "NON_ELIGIBLE": 22, "INJOIGNABLE": 18, "REFUS": 20, "AUTRE": 10}


def meet(chain: Chain, town: Town, plan: Plan, coach: Actor) -> Iterator[Said]:
    """Everything before a journey, a referral or a goodbye; ends with the answer to the prescriber, if one waits for it."""
    rng = chain.rng
    person, orientation = str(plan.person), str(identifier(plan.person, "orientation"))
    kind, prescriber = town.prescriber(rng)
    if plan.orientation != "none":
        yield receive(chain, plan.first_on, prescriber, orientation, person, kind)
    yield identify(chain, town, plan, coach)
    yield chain.say("GiveNotice", plan.met_on, coach, person=person, version=1, mode=rng.choice(("ORAL", "ORAL", "ECRIT")))
    yield from attempts(chain, plan, coach)
    if isinstance(plan.sequel, Coached):
        yield from admit(chain, plan, coach, plan.sequel.legs[0].opened_on)
        if plan.orientation == "accepted":
            yield chain.say("AcceptOrientation", plan.sequel.legs[0].opened_on, coach, orientation=orientation, referent=coach["id"])
    elif plan.orientation == "declined":
        day = after(rng, plan.met_on, 0, 6)
        yield decline(chain, day, coach, orientation, weighed(rng, DECLINED))


def receive(chain: Chain, day: date, prescriber: Actor, orientation: str, person: str, kind: str) -> Said:
    needs, urgency = chain.rng.sample(NEEDS, chain.rng.randint(1, 2)), chain.rng.random() < 0.1
    said = {"orientation": orientation, "person": person, "kind": kind, "needs": needs, "urgency": urgency, "consent": True}
    return chain.say("ReceiveOrientation", day, prescriber, **said)


def decline(chain: Chain, day: date, coach: Actor, orientation: str, reason: str) -> Said:
    action = chain.rng.choice(("Point avec le conseiller actuel", "Rendez-vous à la permanence du quartier", "Retour vers le prescripteur"))
    return chain.say("DeclineOrientation", day, coach, orientation=orientation, reason=reason, proposed_action=action)


def identify(chain: Chain, town: Town, plan: Plan, coach: Actor) -> Said:
    rng = chain.rng
    channel = "PARTENAIRE" if plan.orientation != "none" else weighed(rng, CHANNELS)
    data = {"person": str(plan.person), "channel": channel, "place": rng.choice(PLACES), "radar": weighed(rng, RADARS)}
    return chain.say("IdentifyPerson", plan.met_on, coach, **data, **living(rng, town, plan))


def living(rng: Random, town: Town, plan: Plan) -> dict[str, dict[str, object]]:
    """The neighbourhood of the person, as the map of that day has it."""
    if plan.qpv:
        return {"qpv": {"vintage": plan.qpv[0], "name": plan.qpv[1]}}
    here = town.neighbourhood(rng, plan.met_on)
    return {"qpv": {"vintage": here.vintage, "name": here.name}} if here else {}


def attempts(chain: Chain, plan: Plan, coach: Actor) -> Iterator[Said]:
    for _ in range(chain.rng.choice((0, 0, 1, 1, 2))):
        outcome = chain.rng.choice(("JOINT", "JOINT", "ABSENT", "MESSAGE_LAISSE"))
        yield chain.say("RecordContactAttempt", plan.met_on + timedelta(days=1), coach, person=str(plan.person), outcome=outcome)


def admit(chain: Chain, plan: Plan, coach: Actor, day: date) -> Iterator[Said]:
    """The entry: an assessment for everybody, a profile for nearly everybody."""
    yield assess(chain, plan, coach, day, "DEROGATION" if chain.rng.random() < 0.06 else "ELIGIBLE")
    if chain.rng.random() < 0.96:
        yield profile(chain, plan, coach, day)


def assess(chain: Chain, plan: Plan, coach: Actor, day: date, verdict: str) -> Said:
    why = {"derogation": "Hors QPV, en rupture de droits"} if verdict == "DEROGATION" else {}
    said = {"criteria": ["RESIDENCE_QPV", "SANS_SUIVI"], "verdict": verdict, "rule_version": 1, "evidence_kind": "DECLARATION", **why}
    return chain.say("AssessEligibility", day, coach, person=str(plan.person), **said)


def profile(chain: Chain, plan: Plan, coach: Actor, day: date) -> Said:
    rng = chain.rng
    return chain.say(
        "RecordProfile",
        day,
        coach,
        person=str(plan.person),
        sex="F" if rng.random() < 0.54 else "M",
        birth_year=plan.met_on.year - int(rng.triangular(17, 60, 27)),
        registration=weighed(rng, REGISTRATIONS),
        education_level=weighed(rng, LEVELS),
        disability=rng.random() < 0.09,
        household=weighed(rng, HOUSEHOLDS),
    )
