"""The French label of every code that pages show, and the French names of roles and of what they do."""

from collections.abc import Iterable

from services.vocabulary import thematiques
from services.vocabulary.roles import Role
from shared.description import ServiceDescription


def labels_of(services: Iterable[ServiceDescription]) -> dict[str, str]:
    """Code -> label, over all coded values of all services and the thematiques of data·inclusion."""
    labels = dict(thematiques.LABELS)
    for service in services:
        for codes in service.coded_values:
            labels |= {code.value: code.label for code in codes}
    return labels


READS = {
    "read_events": "lire les événements",
    "read_timeline": "lire le parcours d’une personne",
    "read_people": "lire la liste et la situation des personnes",
    "read_identity": "lire qui est une personne",
    "read_profile": "lire le profil d’une personne",
    "read_note": "lire les textes libres sur une personne",
    "read_referrals": "lire les demandes faites aux partenaires",
    "read_orientations": "lire les orientations reçues",
    "read_loans": "lire les prêts d’ordinateurs",
    "read_partners": "lire la liste des partenaires",
    "read_workshops": "lire les ateliers",
    "read_programme": "lire ce qui décrit le programme",
    "read_tasks": "lire ce qui reste à faire",
    "read_operations": "lire où en sont les traitements",
    "read_indicators": "lire les chiffres",
    "read_evidence": "lire les faits que compte un chiffre",
    "follow_feed": "suivre le journal",
    "read_webhooks": "lire les webhooks",
    "read_accounts": "lire les comptes et leurs habilitations",
}


def names_of(services: Iterable[ServiceDescription]) -> dict[str, str]:
    """The names of roles, of reads and of commands, as they stand in a sentence."""
    commands = {name: title[:1].lower() + title[1:] for service in services for name, title in service.title_of.items()}
    return {role.value: role.label for role in Role} | READS | commands
