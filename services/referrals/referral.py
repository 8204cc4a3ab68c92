"""The referrals of one person to partners: each needs consent, only its addressee answers it, and it ends once (invariant 6 of the domain).

One stream per person, `referrals-<person>`, so that an exit withdraws every unanswered referral in one decision.
"""

from datetime import date
from typing import Any, Literal, assert_never

from msgspec import Struct
from msgspec.structs import replace

from services.referrals import partner
from services.referrals.answer_commands import AcceptReferral, Answer, CompleteReferral, DeclineReferral, SeeReferral
from services.referrals.coded_values import DeclineReason, ReferralResult, WithdrawalReason
from services.referrals.partner import ListedSince
from services.vocabulary.fields import Id, ShortText, ThematiqueId
from services.vocabulary.person_standing import CLOSURES, NOBODY, Standing
from shared.command_fields import ActorId, CommandTerritory, FactDate
from shared.decider import Decider
from shared.errors import Refused
from shared.placement import InTerritory, Place, WithPerson
from shared.trust.personal.marks import Code, Identifier

# Events: what happened -----------------------------------------------------------------------------------------------


class ReferralSent(Struct, frozen=True, tag=True):
    """A coach sends the person to a partner. `consent` is the id of the recorded consent, `shared_fields` what the partner may see."""

    person: Identifier
    referral: Identifier
    partner: Identifier
    service: Identifier | None
    thematique: Code
    consent: Identifier
    shared_fields: list[Code]
    by: Identifier
    on: date
    territory: Code | None = None  # where it was sent; events of version 0.1 leave it to their envelope


class ReferralWithdrawn(Struct, frozen=True, tag=True):
    """The referral is taken back: by a coach, also after the partner accepted it, or by an exit if no partner has."""

    person: Identifier
    referral: Identifier
    partner: Identifier
    reason: WithdrawalReason
    on: date


class ReferralSeen(Struct, frozen=True, tag=True):
    """The partner has read the referral."""

    person: Identifier
    referral: Identifier
    partner: Identifier
    on: date


class ReferralAccepted(Struct, frozen=True, tag=True):
    """The partner takes the person on."""

    person: Identifier
    referral: Identifier
    partner: Identifier
    on: date


class ReferralDeclined(Struct, frozen=True, tag=True):
    """The partner does not take the person on."""

    person: Identifier
    referral: Identifier
    partner: Identifier
    reason: DeclineReason
    on: date


class ReferralCompleted(Struct, frozen=True, tag=True):
    """The partner reports the result."""

    person: Identifier
    referral: Identifier
    partner: Identifier
    result: ReferralResult
    on: date


Event = ReferralSent | ReferralWithdrawn | ReferralSeen | ReferralAccepted | ReferralDeclined | ReferralCompleted

# State: what is true -------------------------------------------------------------------------------------------------


class Referral(Struct, frozen=True):
    """One referral as it is now."""

    partner: str
    sent_on: date
    last_on: date  # the day of its latest step
    territory: str | None
    status: Literal["sent", "seen", "accepted", "ended"] = "sent"


State = dict[str, Referral]
initial: State = {}


def evolve(state: State, event: Event) -> State:
    match event:
        case ReferralSent(referral=referral, partner=partner, on=on, territory=territory):
            return {**state, referral: Referral(partner, on, on, territory)}
        case ReferralSeen(referral=referral, on=on):
            return {**state, referral: replace(state[referral], last_on=on, status="seen")}
        case ReferralAccepted(referral=referral, on=on):
            return {**state, referral: replace(state[referral], last_on=on, status="accepted")}
        case ReferralWithdrawn() | ReferralDeclined() | ReferralCompleted():
            return {**state, event.referral: replace(state[event.referral], last_on=event.on, status="ended")}
        case _:
            assert_never(event)


# Commands: what may be requested -------------------------------------------------------------------------------------


class SendReferral(Struct, frozen=True):
    person: Id
    referral: Id
    partner: Id
    thematique: ThematiqueId
    consent: Id
    shared_fields: list[ShortText]
    on: FactDate
    by: ActorId
    territory: CommandTerritory
    service: Id | None = None
    listed: ListedSince = {}
    standing: Standing = NOBODY


class WithdrawReferral(Struct, frozen=True):
    person: Id
    referral: Id
    reason: WithdrawalReason
    on: FactDate


class WithdrawOpenReferrals(Struct, frozen=True):
    """Withdraw every referral that was sent by that day and that no partner has accepted. Accepted ones go on.

    The day may be long past when an exit is recorded late: what a partner has read since is withdrawn on the day when it was read.
    """

    person: Id
    reason: WithdrawalReason
    on: FactDate


Command = SendReferral | WithdrawReferral | WithdrawOpenReferrals | Answer
ENDINGS = (WithdrawReferral, WithdrawOpenReferrals, DeclineReferral, CompleteReferral)


def stream(command: Command) -> str:
    return f"referrals-{command.person}"


def place(state: State, command: Command) -> Place:
    """A coach refers a person where they are followed; the partner answers where the referral was sent.

    Whoever is not the addressee is told nothing of the person: the decision refuses them.
    """
    although = CLOSURES if isinstance(command, ENDINGS) else frozenset()
    if not isinstance(command, Answer):
        return WithPerson(command.person, although)
    referral = state.get(command.referral)
    if referral is None or referral.partner != command.organisation:
        return None
    return InTerritory(referral.territory, command.person, although) if referral.territory else WithPerson(command.person, although)


def consults(state: State, command: Command) -> dict[str, tuple[Decider[Any, Any, Any], str]]:
    return {"listed": (partner.decider, f"partner-{command.partner}")} if isinstance(command, SendReferral) else {}


# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(state: State, command: Command) -> list[Event]:
    match command:
        case SendReferral():
            return [send(state, command)]
        case WithdrawReferral():
            referral = open_referral(state, command.referral, command.on)
            return [ReferralWithdrawn(command.person, command.referral, referral.partner, command.reason, command.on)]
        case WithdrawOpenReferrals():
            return withdraw_unanswered(state, command)
        case _:
            return [answer(check_addressee(open_referral(state, command.referral, command.on), command.organisation), command)]


def send(state: State, command: SendReferral) -> ReferralSent:
    command.standing.check_open(command.on)
    if command.referral in state:
        raise Refused("referral_already_sent")
    if command.on < command.listed.get(command.territory, date.max):
        raise Refused("partner_not_listed")
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
        command.territory,
    )


def withdraw_unanswered(state: State, command: WithdrawOpenReferrals) -> list[Event]:
    without_answer = [(id, referral) for id, referral in state.items() if referral.status in {"sent", "seen"}]
    unanswered = [(id, referral) for id, referral in without_answer if referral.sent_on <= command.on]
    if not unanswered:
        raise Refused("no_open_referral")
    return [
        ReferralWithdrawn(command.person, id, referral.partner, command.reason, max(command.on, referral.last_on))
        for id, referral in unanswered
    ]


def answer(referral: Referral, command: Answer) -> Event:
    match command:
        case SeeReferral():
            check_status(referral, {"sent"}, "referral_already_seen")
            return ReferralSeen(command.person, command.referral, referral.partner, command.on)
        case AcceptReferral():
            check_status(referral, {"sent", "seen"}, "referral_already_answered")
            return ReferralAccepted(command.person, command.referral, referral.partner, command.on)
        case DeclineReferral():
            check_status(referral, {"sent", "seen"}, "referral_already_answered")
            return ReferralDeclined(command.person, command.referral, referral.partner, command.reason, command.on)
        case CompleteReferral():
            check_status(referral, {"accepted"}, "referral_not_accepted")
            return ReferralCompleted(command.person, command.referral, referral.partner, command.result, command.on)
        case _:
            assert_never(command)


def open_referral(state: State, id: str, on: date) -> Referral:
    """The referral, if a step of that day can follow: it was sent by then and has not ended."""
    referral = state.get(id)
    if referral is None:
        raise Refused("referral_unknown")
    if referral.status == "ended":
        raise Refused("referral_ended")
    if on < referral.sent_on:
        raise Refused("before_the_referral")
    if on < referral.last_on:
        raise Refused("before_the_last_step")
    return referral


def check_addressee(referral: Referral, organisation: str) -> Referral:
    if referral.partner != organisation:
        raise Refused("not_the_addressed_partner")
    return referral


def check_status(referral: Referral, statuses: set[str], code: str) -> None:
    if referral.status not in statuses:
        raise Refused(code)


decider = Decider(
    "referrals",
    commands=Command,
    events=Event,
    initial=initial,
    evolve=evolve,
    decide=decide,
    stream=stream,
    place=place,
    persons=lambda state, command: {"standing": command.person} if isinstance(command, SendReferral) else {},
    consults=consults,
)
