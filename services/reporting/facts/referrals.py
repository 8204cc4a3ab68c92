"""Facts that the referrals' events tell. A partner's first word other than "seen" is an answer."""

from datetime import date, timedelta

from msgspec import Struct

from services.reporting.facts.change import Change, EventContext, Reader, reader

DAYS_TO_ANSWER = 30


class OfReferral(Struct):
    person: str
    referral: str
    on: date
    result: str | None = None


class ReferralSent(OfReferral):
    partner: str = ""
    thematique: str = ""


def sent(event: ReferralSent, at: EventContext) -> list[Change]:
    due = event.on + timedelta(days=DAYS_TO_ANSWER)
    columns = {"person": event.person, "partner": event.partner, "thematique": event.thematique, "territory": at.territory}
    days = {"sent_on": event.on.isoformat(), "due_on": due.isoformat(), "sent_day": event.on.toordinal()}
    return [Change("referral", (event.referral,), columns | days)]


def seen(event: OfReferral, at: EventContext) -> list[Change]:
    return [Change("referral", (event.referral,), {"seen_on": event.on.isoformat()})]


def withdrawn(event: OfReferral, at: EventContext) -> list[Change]:
    return [Change("referral", (event.referral,), {"withdrawn_on": event.on.isoformat()})]


def accepted(event: OfReferral, at: EventContext) -> list[Change]:
    return [Change("referral", (event.referral,), {"accepted_on": event.on.isoformat(), **answer(event)})]


def declined(event: OfReferral, at: EventContext) -> list[Change]:
    return [Change("referral", (event.referral,), {"declined_on": event.on.isoformat(), **answer(event)})]


def completed(event: OfReferral, at: EventContext) -> list[Change]:
    return [Change("referral", (event.referral,), {"completed_on": event.on.isoformat(), "result": event.result})]


def answer(event: OfReferral) -> dict[str, str | int]:
    return {"answered_on": event.on.isoformat(), "answered_day": event.on.toordinal()}


READERS: dict[str, Reader] = {
    "referrals.ReferralSent": reader(ReferralSent, sent),
    "referrals.ReferralSeen": reader(OfReferral, seen),
    "referrals.ReferralWithdrawn": reader(OfReferral, withdrawn),
    "referrals.ReferralAccepted": reader(OfReferral, accepted),
    "referrals.ReferralDeclined": reader(OfReferral, declined),
    "referrals.ReferralCompleted": reader(OfReferral, completed),
}
