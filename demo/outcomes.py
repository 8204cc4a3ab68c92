"""Commands about outcomes: each kind of outcome of a plan (plans.py) is one command with its own data."""

from datetime import date
from typing import Any

from demo.command_lines import Actor, CommandSequence, TimedLine

# contract, shortest and longest duration in months; 0 for a contract without an end
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
OTHER_OUTCOMES: dict[str, tuple[str, dict[str, str]]] = {
    "FORMATION_QUALIFIANTE": ("EnterTraining", {"kind": "QUALIFIANTE"}),
    "FORMATION_PRE_QUALIFIANTE": ("EnterTraining", {"kind": "PRE_QUALIFIANTE"}),
    "SCOLARITE": ("ResumeSchool", {}),
    "SERVICE_CIVIQUE": ("StartCivicService", {}),
    "DISPOSITIF_INTENSIF": ("EnterIntensiveScheme", {"scheme": "CEJ"}),
    "CREATION": ("CreateBusiness", {}),
}
ROME_CODES = ("K1304", "N1103", "G1602", "A1203", "K2204", "H2102", "D1507", "F1704")  # occupations
EVIDENCE = ("CONTRAT", "CONTRAT", "FICHE_DE_PAIE", "ATTESTATION", "DECLARATION")


def record_outcome(commands: CommandSequence, day: date, coach: Actor, person: str, outcome: str, kind: str) -> TimedLine:
    """`outcome` is the id of the outcome."""
    name, data = outcome_command(commands, kind)
    return commands.emit(name, day, coach, person=person, outcome=outcome, **data)


def outcome_command(commands: CommandSequence, kind: str) -> tuple[str, dict[str, Any]]:
    """The name of the command for this kind of outcome, and its data without the ids."""
    if kind in OTHER_OUTCOMES:
        return OTHER_OUTCOMES[kind]
    contract, shortest, longest = JOBS[kind]
    rng = commands.rng
    months = {"months": rng.randint(shortest, longest)} if longest else {}
    job = {"weekly_hours": rng.choice((20, 24, 26, 30, 35, 35, 35)), "rome": rng.choice(ROME_CODES), "evidence": rng.choice(EVIDENCE)}
    return "FindJob", {"contract": contract, **months, **job}
