"""What people read of each command of intake: its title, as on a button."""

from collections.abc import Mapping
from typing import Any

from services.intake.entry import AssessEligibility, GiveNotice, RecordContactAttempt, RecordIdentity, RecordProfile
from services.intake.merging import MergePersons, SeparatePersons
from services.intake.orientation import AcceptOrientation, DeclineOrientation, ReceiveOrientation
from services.intake.person import CloseContact, DestroyPersonKey, IdentifyPerson, StartCoaching, TransferPerson

TITLES: Mapping[type[Any], str] = {
    IdentifyPerson: "Repérer une personne",
    RecordContactAttempt: "Noter une tentative de contact",
    GiveNotice: "Informer sur les données",
    RecordIdentity: "Noter l’identité",
    RecordProfile: "Noter le profil à l’entrée",
    AssessEligibility: "Examiner l’éligibilité",
    CloseContact: "Clore le contact",
    StartCoaching: "Commencer l’accompagnement",
    TransferPerson: "Changer la personne de territoire",
    MergePersons: "Réunir deux fiches",
    SeparatePersons: "Séparer deux fiches réunies",
    DestroyPersonKey: "Effacer ce qui identifie la personne",
    ReceiveOrientation: "Orienter une personne vers le programme",
    AcceptOrientation: "Accepter l’orientation",
    DeclineOrientation: "Décliner l’orientation",
}
