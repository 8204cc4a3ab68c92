"""The referrals service, described: everything about it that others must know."""

from services.referrals import partner, prescriber_information, referral
from services.referrals.answer_commands import AcceptReferral, CompleteReferral, DeclineReferral, SeeReferral
from services.referrals.forms import FORMS
from services.referrals.french import REFUSALS, SENTENCES
from services.referrals.partner import ListPartner
from services.referrals.policies import POLICIES
from services.referrals.prescriber_information import InformPrescriber, PrescriberInformed
from services.referrals.referral import SendReferral, WithdrawOpenReferrals, WithdrawReferral
from services.referrals.titles import TITLES
from services.vocabulary.reasons import BY_POLICY, NO_PAGE_YET, NOT_COUNTED, OTHER_ROLE
from services.vocabulary.roles import BY_COACH, BY_COORDINATOR, BY_PARTNER, BY_SYSTEM
from shared.description import ServiceDescription

DESCRIPTION = ServiceDescription(
    name="referrals",
    nameko_service="services.referrals.service:Referrals",
    streams=("referrals-", "partner-", "loop-"),
    aggregates=(referral.decider, partner.decider, prescriber_information.decider),
    policies=POLICIES,
    permissions={
        SendReferral: BY_COACH,
        WithdrawReferral: BY_COACH,
        WithdrawOpenReferrals: BY_SYSTEM,
        SeeReferral: BY_PARTNER,
        AcceptReferral: BY_PARTNER,
        DeclineReferral: BY_PARTNER,
        CompleteReferral: BY_PARTNER,
        ListPartner: BY_COORDINATOR,
        InformPrescriber: BY_SYSTEM,
    },
    titles=TITLES,
    sentences=SENTENCES,
    refusals=REFUSALS,
    forms=FORMS,
    without_form={
        WithdrawReferral: NO_PAGE_YET,
        SeeReferral: OTHER_ROLE,
        AcceptReferral: OTHER_ROLE,
        DeclineReferral: OTHER_ROLE,
        CompleteReferral: OTHER_ROLE,
        ListPartner: OTHER_ROLE,
        WithdrawOpenReferrals: BY_POLICY,
        InformPrescriber: BY_POLICY,
    },
    unread_events={PrescriberInformed: NOT_COUNTED},
)
