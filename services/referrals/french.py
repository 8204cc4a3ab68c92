"""What people read of referrals: a sentence for each event, a text for each refusal."""

from collections.abc import Mapping
from typing import Any

from services.referrals.partner import PartnerListed
from services.referrals.prescriber_information import PrescriberInformed
from services.referrals.referral import (
    ReferralAccepted,
    ReferralCompleted,
    ReferralDeclined,
    ReferralSeen,
    ReferralSent,
    ReferralWithdrawn,
)
from services.vocabulary.thematiques import label
from shared.description import Sentence, sentence

SENTENCES: Mapping[type[Any], Sentence] = dict(
    (
        sentence(ReferralSent, lambda event: f"Réorientée vers {event.partner} : {label(event.thematique)}."),
        sentence(
            ReferralWithdrawn,
            lambda event: f"La réorientation vers {event.partner} est retirée : {event.reason.label}.",
        ),
        sentence(ReferralSeen, lambda event: f"{event.partner} a pris connaissance de la réorientation."),
        sentence(ReferralAccepted, lambda event: f"{event.partner} accepte la réorientation."),
        sentence(ReferralDeclined, lambda event: f"{event.partner} décline la réorientation : {event.reason.label}."),
        sentence(
            ReferralCompleted,
            lambda event: f"La réorientation vers {event.partner} est terminée : {event.result.label}.",
        ),
        sentence(PartnerListed, lambda event: f"{event.label} entre dans l’annuaire des partenaires."),
        sentence(PrescriberInformed, lambda event: f"{event.prescriber} est informé : {event.milestone.label}."),
    )
)

REFUSALS: Mapping[str, str] = {
    "referral_unknown": "Cette réorientation n’existe pas.",
    "referral_already_sent": "Cette réorientation est déjà envoyée.",
    "referral_already_seen": "Le partenaire a déjà pris connaissance de cette réorientation.",
    "referral_already_answered": "Le partenaire a déjà répondu à cette réorientation.",
    "referral_not_accepted": "Une réorientation se termine après que le partenaire l’a acceptée.",
    "referral_ended": "Cette réorientation est terminée.",
    "before_the_referral": "On ne répond pas à une réorientation avant son envoi.",
    "before_the_last_step": "Une étape plus récente de cette réorientation est déjà notée.",
    "no_open_referral": "Aucune réorientation n’attend de réponse.",
    "not_the_addressed_partner": "Seul le partenaire à qui elle est adressée répond à une réorientation.",
    "partner_not_listed": "Ce partenaire n’est pas dans l’annuaire de ce territoire, ou n’y était pas encore ce jour-là.",
    "partner_already_listed": "Ce partenaire est déjà dans l’annuaire, sous cette forme.",
    "prescriber_unknown": "Le prescripteur de cette orientation n’est pas connu.",
    "prescriber_already_informed": "Le prescripteur est déjà informé.",
}
