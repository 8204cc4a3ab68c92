"""Each quality of an outcome, as the command that records it."""

from datetime import date
from typing import Any

from demo.schedule import Actor, Chain, Said

# contract, and its shortest and longest months where it has an end
JOBS: dict[str, tuple[str, int, int]] = {
    "CDI": ("CDI", 0, 0),
    "CDD_LONG": ("CDD", 6, 12),
    "INTERIM_LONG": ("INTERIM", 6, 9),
    "ALTERNANCE": ("ALTERNANCE", 0, 0),
    "TITULARISATION": ("TITULARISATION", 0, 0),
    "CDD_COURT": ("CDD", 1, 5),
    "INTERIM_COURT": ("INTERIM", 1, 4),
    "CONTRAT_AIDE": ("CONTRAT_AIDE", 9, 12),
    "SIAE": ("SIAE", 0, 0),
}
OTHERS: dict[str, tuple[str, dict[str, str]]] = {
    "FORMATION_QUALIFIANTE": ("EnterTraining", {"kind": "QUALIFIANTE"}),
    "FORMATION_PRE_QUALIFIANTE": ("EnterTraining", {"kind": "PRE_QUALIFIANTE"}),
    "SCOLARITE": ("ResumeSchool", {}),
    "SERVICE_CIVIQUE": ("StartCivicService", {}),
    "DISPOSITIF_INTENSIF": ("EnterIntensiveScheme", {"scheme": "CEJ"}),
    "CREATION": ("CreateBusiness", {}),
}
ROMES = ("K1304", "N1103", "G1602", "A1203", "K2204", "H2102", "D1507", "F1704")
EVIDENCE = ("CONTRAT", "CONTRAT", "FICHE_DE_PAIE", "ATTESTATION", "DECLARATION")


def reach(chain: Chain, day: date, coach: Actor, person: str, outcome: str, quality: str) -> Said:
    name, data = command(chain, quality)
    return chain.say(name, day, coach, person=person, outcome=outcome, **data)


def command(chain: Chain, quality: str) -> tuple[str, dict[str, Any]]:
    if quality in OTHERS:
        return OTHERS[quality]
    contract, least, most = JOBS[quality]
    rng = chain.rng
    months = {"months": rng.randint(least, most)} if most else {}
    work = {"weekly_hours": rng.choice((20, 24, 26, 30, 35, 35, 35)), "rome": rng.choice(ROMES), "evidence": rng.choice(EVIDENCE)}
    return "FindJob", {"contract": contract, **months, **work}
