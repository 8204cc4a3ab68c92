"""What people read of each command of accounts: its title, as on a button."""

from collections.abc import Mapping
from typing import Any

from services.accounts.commands import (
    AddLogin,
    CloseAccount,
    GiveGrant,
    OpenAccount,
    RemoveLogin,
    ResumeAccount,
    SuspendAccount,
    WithdrawGrant,
)

TITLES: Mapping[type[Any], str] = {
    OpenAccount: "Ouvrir un compte",
    AddLogin: "Ajouter un identifiant à un compte",
    RemoveLogin: "Retirer un identifiant d’un compte",
    SuspendAccount: "Suspendre un compte",
    ResumeAccount: "Rétablir un compte",
    CloseAccount: "Fermer un compte",
    GiveGrant: "Donner une habilitation",
    WithdrawGrant: "Retirer une habilitation",
}
