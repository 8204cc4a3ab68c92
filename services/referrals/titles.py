"""What people read of each command of referrals: its title, as on a button."""

from collections.abc import Mapping
from typing import Any

from services.referrals.answer_commands import AcceptReferral, CompleteReferral, DeclineReferral, SeeReferral
from services.referrals.partner import ListPartner
from services.referrals.prescriber_information import InformPrescriber
from services.referrals.referral import SendReferral, WithdrawOpenReferrals, WithdrawReferral

TITLES: Mapping[type[Any], str] = {
    SendReferral: "Réorienter vers un partenaire",
    WithdrawReferral: "Retirer la demande faite au partenaire",
    WithdrawOpenReferrals: "Retirer les demandes sans réponse",
    SeeReferral: "Dire que la demande est vue",
    AcceptReferral: "Accepter la demande",
    DeclineReferral: "Décliner la demande",
    CompleteReferral: "Dire comment la demande s’est terminée",
    ListPartner: "Inscrire un partenaire à l’annuaire",
    InformPrescriber: "Informer le prescripteur",
}
