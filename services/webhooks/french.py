"""What people read of webhooks: a sentence for each event, a text for each refusal, and why an address is not called."""

from collections.abc import Mapping
from typing import Any

from services.webhooks.webhook import (
    WebhookChanged,
    WebhookCreated,
    WebhookDeleted,
    WebhookPaused,
    WebhookReplayed,
    WebhookResumed,
    WebhookSecretRotated,
    WebhookStopped,
    WebhookTestRequested,
)
from shared.description import Sentence, sentence

SENTENCES: Mapping[type[Any], Sentence] = dict(
    (
        sentence(WebhookCreated, lambda event: f"Le webhook {event.webhook} est créé par {event.owner.actor}."),
        sentence(WebhookChanged, lambda event: f"Le webhook {event.webhook} change d’adresse ou de filtre."),
        sentence(WebhookPaused, lambda event: f"Le webhook {event.webhook} est suspendu."),
        sentence(
            WebhookResumed, lambda event: f"Le webhook {event.webhook} reprend{' après le message manqué' * bool(event.passed_over)}."
        ),
        sentence(WebhookSecretRotated, lambda event: f"Le webhook {event.webhook} a un nouveau secret, le numéro {event.version}."),
        sentence(WebhookReplayed, lambda event: f"Le webhook {event.webhook} envoie de nouveau tout ce qui suit {event.after}."),
        sentence(WebhookTestRequested, lambda event: f"Le webhook {event.webhook} envoie un message d’essai."),
        sentence(WebhookStopped, lambda event: f"Le webhook {event.webhook} est arrêté : {event.reason.label}."),
        sentence(WebhookDeleted, lambda event: f"Le webhook {event.webhook} est supprimé."),
    )
)

REFUSALS: Mapping[str, str] = {
    "webhook_unknown": "Vous n’avez aucun webhook de ce nom.",
    "webhook_already_exists": "Ce nom est, ou a été, celui d’un webhook : il en faut un autre.",
    "webhook_unchanged": "Ce webhook est déjà ainsi.",
    "webhook_not_active": "Ce webhook n’envoie rien en ce moment.",
    "webhook_already_active": "Ce webhook n’est ni suspendu, ni arrêté.",
    "nothing_to_pass_over": "Ce webhook n’est arrêté sur aucun message.",
    "webhook_command_alone": "Une commande sur un webhook se donne seule, à l’adresse de la commande.",
}

TARGET_FAULTS: Mapping[str, str] = {
    "scheme_not_allowed": "Une adresse en https est attendue.",
    "port_not_allowed": "Le port 443 ou 8443 est attendu.",
    "name_unknown": "Ce nom n’a pas d’adresse, ou son annuaire ne répond pas : vérifiez-le, ou réessayez plus tard.",
    "address_not_allowed": "Ce nom mène à une adresse qui n’est pas publique : elle n’est pas appelée.",
}
"""By the code of `delivery.targets.NotAllowed`."""
