"""What people read of each command of webhooks: its title, as on a button."""

from collections.abc import Mapping
from typing import Any

from services.webhooks.commands import (
    ChangeWebhook,
    CreateWebhook,
    DeleteWebhook,
    PauseWebhook,
    ReplayWebhook,
    ResumeWebhook,
    RotateWebhookSecret,
    StopWebhook,
    TestWebhook,
)

TITLES: Mapping[type[Any], str] = {
    CreateWebhook: "Créer un webhook",
    ChangeWebhook: "Changer un webhook",
    PauseWebhook: "Suspendre un webhook",
    ResumeWebhook: "Reprendre un webhook",
    RotateWebhookSecret: "Changer le secret d’un webhook",
    ReplayWebhook: "Envoyer de nouveau par un webhook",
    TestWebhook: "Essayer un webhook",
    DeleteWebhook: "Supprimer un webhook",
    StopWebhook: "Arrêter un webhook que personne ne reçoit",
}
