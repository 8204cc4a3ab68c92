"""Who may be let in: what a login says, and the identity that follows from it."""

from typing import Annotated

import msgspec
from marshmallow import ValidationError
from msgspec import Meta, Struct

from services.vocabulary.fields import Id
from services.vocabulary.french import VALIDATION
from services.vocabulary.roles import SPEAK_FOR_AN_ORGANISATION
from shared.command_schema import flatten
from shared.errors import Invalid
from shared.message import Actor
from shared.trust.access import Identity
from shared.validation import schema_of

LOGIN_ROLES = {
    "coach": "Coach",
    "coordinator": "Coordination départementale",
    "prescriber": "Prescripteur",
    "partner": "Partenaire",
    "committee": "Membre du comité technique",
    "funder": "Financeur",
    "auditor": "Auditeur",
    "dpo": "Déléguée à la protection des données",
    "participant": "Participant",
    "operator": "Exploitation",
    "administrator": "Administration des accès",
}

ShortId = Annotated[str, Meta(max_length=64)]


class Login(Struct, frozen=True):
    actor: Id
    role: ShortId
    organisation: Id | None = None
    territories: list[ShortId] = []


LOGIN_SCHEMA = schema_of(Login, VALIDATION)()


def read_login(data: object) -> Login:
    if not isinstance(data, dict):
        raise Invalid({"_": ["Un objet est attendu."]})
    try:
        given = {name: value for name, value in data.items() if (name, value) != ("organisation", "")}  # a form sends an empty field
        return msgspec.convert(LOGIN_SCHEMA.load(given), Login)
    except ValidationError as failure:
        raise Invalid(flatten(failure.messages)) from failure


def identity_of(login: Login) -> Identity:
    """The identity that is asked for, if there may be one like this.

    Raises:
        Invalid: there may not.
    """
    if login.role not in LOGIN_ROLES:
        raise Invalid({"role": ["Ce rôle n’existe pas, ou ne se choisit pas."]})
    if login.role in SPEAK_FOR_AN_ORGANISATION and not login.organisation:
        raise Invalid({"organisation": ["Ce rôle parle pour une organisation : dites laquelle."]})
    return Identity(Actor(login.actor, login.role, login.organisation or ""), tuple(login.territories))
