"""What the addressed partner may say of a referral. Part of the aggregate of referral.py."""

from msgspec import Struct

from services.referrals.coded_values import DeclineReason, ReferralResult
from services.vocabulary.fields import Id
from shared.command_fields import ActorOrganisation, FactDate


class SeeReferral(Struct, frozen=True):
    person: Id
    referral: Id
    on: FactDate
    organisation: ActorOrganisation


class AcceptReferral(Struct, frozen=True):
    person: Id
    referral: Id
    on: FactDate
    organisation: ActorOrganisation


class DeclineReferral(Struct, frozen=True):
    person: Id
    referral: Id
    reason: DeclineReason
    on: FactDate
    organisation: ActorOrganisation


class CompleteReferral(Struct, frozen=True):
    person: Id
    referral: Id
    result: ReferralResult
    on: FactDate
    organisation: ActorOrganisation


Answer = SeeReferral | AcceptReferral | DeclineReferral | CompleteReferral
