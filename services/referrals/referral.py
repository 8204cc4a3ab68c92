"""The referrals of one person to partners: each needs consent, is answered by its addressee alone, and ends once (invariant 6).

One stream per person, so that an exit can withdraw what is still unanswered in one decision.
"""

from datetime import date
from typing import Annotated, Literal, assert_never

from data_inclusion.schema.v1 import Thematique
from msgspec import Meta, Struct

from shared.decider import Decider
from shared.errors import Refused

Id = Annotated[str, Meta(max_length=64)]
Withdrawal = Literal["DEMANDE", "SORTIE", "ERREUR", "AUTRE"]
Result = Literal["ENTREE_EN_FORMATION", "EMPLOI", "ACCOMPAGNEMENT", "SANS_SUITE"]
Decline = Literal[
    "non-joignable",
    "absent",
    "en-emploi",
    "en-formation",
    "non-eligible",
    "non-mobile",
    "non-interesse",
    "freins-peripheriques",
    "session-complete",
    "doublon",
    "autre",
]

THEMATIQUES = frozenset(thematique.value for thematique in Thematique)

# Events: what happened ---------------------------------------------------------------------------------------------


class ReferralSent(Struct, frozen=True, tag=True):
    """`consent` is the id of the recorded consent; `shared_fields` what the partner may see of the file."""

    person: str
    referral: str
    partner: str
    service: str | None
    thematique: str
    consent: str
    shared_fields: list[str]
    by: str
    on: date


class ReferralWithdrawn(Struct, frozen=True, tag=True):
    person: str
    referral: str
    partner: str
    reason: Withdrawal
    on: date


class ReferralSeen(Struct, frozen=True, tag=True):
    person: str
    referral: str
    partner: str
    on: date


class ReferralAccepted(Struct, frozen=True, tag=True):
    person: str
    referral: str
    partner: str
    on: date


class ReferralDeclined(Struct, frozen=True, tag=True):
    person: str
    referral: str
    partner: str
    reason: Decline
    on: date


class ReferralCompleted(Struct, frozen=True, tag=True):
    person: str
    referral: str
    partner: str
    result: Result
    on: date


Event = ReferralSent | ReferralWithdrawn | ReferralSeen | ReferralAccepted | ReferralDeclined | ReferralCompleted

# State: what is true -----------------------------------------------------------------------------------------------


class Referral(Struct, frozen=True):
    partner: str
    sent_on: date
    status: Literal["sent", "seen", "accepted", "ended"] = "sent"


State = dict[str, Referral]
initial: State = {}


def evolve(state: State, event: Event) -> State:
    match event:
        case ReferralSent(referral=referral, partner=partner, on=on):
            return {**state, referral: Referral(partner, on)}
        case ReferralSeen(referral=referral):
            return {**state, referral: Referral(event.partner, state[referral].sent_on, "seen")}
        case ReferralAccepted(referral=referral):
            return {**state, referral: Referral(event.partner, state[referral].sent_on, "accepted")}
        case ReferralWithdrawn(referral=referral) | ReferralDeclined(referral=referral) | ReferralCompleted(referral=referral):
            return {**state, referral: Referral(event.partner, state[referral].sent_on, "ended")}
        case _:
            assert_never(event)


# Commands: what is asked -------------------------------------------------------------------------------------------


class SendReferral(Struct, frozen=True):
    person: Id
    referral: Id
    partner: Id
    thematique: str
    consent: Id
    shared_fields: list[Id]
    on: date
    by: str
    service: Id | None = None


class WithdrawReferral(Struct, frozen=True):
    person: Id
    referral: Id
    reason: Withdrawal
    on: date


class WithdrawOpenReferrals(Struct, frozen=True):
    """Withdraw all that was sent by that day and that no partner has accepted; what a partner has taken on goes on."""

    person: Id
    reason: Withdrawal
    on: date


class SeeReferral(Struct, frozen=True):
    person: Id
    referral: Id
    on: date
    organisation: str


class AcceptReferral(Struct, frozen=True):
    person: Id
    referral: Id
    on: date
    organisation: str


class DeclineReferral(Struct, frozen=True):
    person: Id
    referral: Id
    reason: Decline
    on: date
    organisation: str


class CompleteReferral(Struct, frozen=True):
    person: Id
    referral: Id
    result: Result
    on: date
    organisation: str


Answer = SeeReferral | AcceptReferral | DeclineReferral | CompleteReferral
Command = SendReferral | WithdrawReferral | WithdrawOpenReferrals | Answer


def stream(command: Command) -> str:
    return f"referrals-{command.person}"


# Decisions: what follows -------------------------------------------------------------------------------------------


def decide(state: State, command: Command) -> list[Event]:
    match command:
        case SendReferral():
            return [send(state, command)]
        case WithdrawReferral():
            referral = opened(state, command.referral, command.on)
            return [ReferralWithdrawn(command.person, command.referral, referral.partner, command.reason, command.on)]
        case WithdrawOpenReferrals():
            return withdraw_all(state, command)
        case _:
            return [answer(addressed(opened(state, command.referral, command.on), command.organisation), command)]


def send(state: State, command: SendReferral) -> ReferralSent:
    if command.referral in state:
        raise Refused("referral_already_sent", "This referral is sent already.")
    if not command.consent.strip():
        raise Refused("consent_needed", "A referral names the consent of the person.")
    if command.thematique not in THEMATIQUES:
        raise Refused("unknown_thematique", f"Not a thematique of data·inclusion: {command.thematique}.")
    return ReferralSent(
        command.person,
        command.referral,
        command.partner,
        command.service,
        command.thematique,
        command.consent,
        command.shared_fields,
        command.by,
        command.on,
    )


def withdraw_all(state: State, command: WithdrawOpenReferrals) -> list[Event]:
    waiting = [(id, referral) for id, referral in state.items() if referral.status in {"sent", "seen"}]
    unanswered = [(id, referral) for id, referral in waiting if referral.sent_on <= command.on]
    if not unanswered:
        raise Refused("no_open_referral", "No referral of this person waits for an answer.")
    return [ReferralWithdrawn(command.person, id, referral.partner, command.reason, command.on) for id, referral in unanswered]


def answer(referral: Referral, command: Answer) -> Event:
    match command:
        case SeeReferral():
            expected(referral, {"sent"}, "referral_already_seen")
            return ReferralSeen(command.person, command.referral, referral.partner, command.on)
        case AcceptReferral():
            expected(referral, {"sent", "seen"}, "referral_already_answered")
            return ReferralAccepted(command.person, command.referral, referral.partner, command.on)
        case DeclineReferral():
            expected(referral, {"sent", "seen"}, "referral_already_answered")
            return ReferralDeclined(command.person, command.referral, referral.partner, command.reason, command.on)
        case CompleteReferral():
            expected(referral, {"accepted"}, "referral_not_accepted")
            return ReferralCompleted(command.person, command.referral, referral.partner, command.result, command.on)
        case _:
            assert_never(command)


def opened(state: State, id: str, on: date) -> Referral:
    referral = state.get(id)
    if referral is None:
        raise Refused("referral_unknown", "No such referral was sent for this person.")
    if referral.status == "ended":
        raise Refused("referral_ended", "This referral is withdrawn, declined or completed.")
    if on < referral.sent_on:
        raise Refused("before_the_referral", "Nothing can happen to a referral before it is sent.")
    return referral


def addressed(referral: Referral, organisation: str) -> Referral:
    if referral.partner != organisation:
        raise Refused("not_the_addressed_partner", "Only the partner it was addressed to answers a referral.")
    return referral


def expected(referral: Referral, statuses: set[str], code: str) -> None:
    if referral.status not in statuses:
        raise Refused(code, f"This referral is {referral.status}.")


decider = Decider("referrals", commands=Command, events=Event, initial=initial, evolve=evolve, decide=decide, stream=stream)
