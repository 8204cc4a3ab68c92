"""What people read of accounts: a sentence for each event, and a text for each refusal."""

from collections.abc import Mapping
from typing import Any

from services.accounts.account import (
    AccountClosed,
    AccountOpened,
    AccountResumed,
    AccountSuspended,
    GrantGiven,
    GrantWithdrawn,
    LoginAdded,
    LoginRemoved,
)
from services.vocabulary.french_format import day
from services.vocabulary.programme import PROGRAMME
from shared.description import Sentence, sentence


def given(event: GrantGiven) -> str:
    until = f" jusqu’au {day(event.until)}" if event.until else ""
    where = "partout" if PROGRAMME in event.territories else ", ".join(event.territories)
    speaks_for = f" pour {event.organisation}" if event.organisation else ""
    days = f"à partir du {day(event.since)}{until}"
    return f"Le compte {event.account} reçoit l’habilitation « {event.role.label} »{speaks_for} ({where}), {days} : {event.reason.label}."


SENTENCES: Mapping[type[Any], Sentence] = dict(
    (
        sentence(AccountOpened, lambda event: f"Le compte {event.account} est ouvert."),
        sentence(LoginAdded, lambda event: f"Le compte {event.account} a un identifiant de plus."),
        sentence(LoginRemoved, lambda event: f"Le compte {event.account} a un identifiant de moins."),
        sentence(AccountSuspended, lambda event: f"Le compte {event.account} est suspendu : {event.reason.label}."),
        sentence(AccountResumed, lambda event: f"Le compte {event.account} est rétabli : {event.reason.label}."),
        sentence(AccountClosed, lambda event: f"Le compte {event.account} est fermé : {event.reason.label}."),
        sentence(GrantGiven, given),
        sentence(GrantWithdrawn, lambda event: f"Le compte {event.account} perd l’habilitation {event.grant} : {event.reason.label}."),
    )
)

REFUSALS: Mapping[str, str] = {
    "account_already_exists": "Ce nom est, ou a été, celui d’un compte : il en faut un autre.",
    "account_unknown": "Il n’y a pas de compte de ce nom.",
    "account_closed": "Ce compte est fermé.",
    "account_already_suspended": "Ce compte est déjà suspendu.",
    "account_not_suspended": "Ce compte n’est pas suspendu.",
    "login_taken": "Cet identifiant mène déjà à un compte.",
    "login_unknown": "Cet identifiant ne mène pas à ce compte.",
    "grant_already_exists": "Ce nom est, ou a été, celui d’une habilitation de ce compte : il en faut un autre.",
    "grant_unknown": "Ce compte n’a pas d’habilitation de ce nom.",
    "grant_without_organisation": "Ce rôle parle pour une organisation : dites laquelle.",
    "grant_ends_before_it_begins": "Une habilitation finit le jour où elle commence, ou après.",
    "role_never_granted": "Ce rôle n’est donné à personne.",
    "beyond_own_grants": "Personne ne donne ni ne retire ce que son propre rôle, là où il agit, ne lui permet pas de donner.",
    "grant_not_current": "Cette habilitation n’est pas, ou plus, en vigueur.",
    "own_account": "Personne ne se donne un accès : demandez-le à une autre personne.",
    "last_administrator": "Il ne resterait personne pour administrer les accès : donnez d’abord cette habilitation à quelqu’un d’autre.",
}
