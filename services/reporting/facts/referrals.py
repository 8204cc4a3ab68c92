"""Facts from the events of referrals: one row per referral of a person, with the day of each step.

An acceptance or a refusal is an answer of the partner; "seen" is not.
"""

from datetime import date, timedelta

from msgspec import Struct

from services.reporting.facts.change import Change, EventContext, FactReader, reader

DAYS_TO_ANSWER = 30  # after which a referral counts in the partner's answer rate


class ReferralEvent(Struct):
    person: str
    referral: str
    on: date
    result: str | None = None


class ReferralSent(ReferralEvent):
    partner: str = ""
    thematique: str = ""


def on_sent(event: ReferralSent, context: EventContext) -> list[Change]:
    due = event.on + timedelta(days=DAYS_TO_ANSWER)
    columns = {"partner": event.partner, "thematique": event.thematique, "territory": context.territory}
    days = {"sent_on": event.on.isoformat(), "due_on": due.isoformat(), "sent_day": event.on.toordinal()}
    return [Change("referral", (event.person, event.referral), columns | days)]


def on_seen(event: ReferralEvent, context: EventContext) -> list[Change]:
    return [Change("referral", (event.person, event.referral), {"seen_on": event.on.isoformat()})]


def on_withdrawn(event: ReferralEvent, context: EventContext) -> list[Change]:
    return [Change("referral", (event.person, event.referral), {"withdrawn_on": event.on.isoformat()})]


def on_accepted(event: ReferralEvent, context: EventContext) -> list[Change]:
    return [Change("referral", (event.person, event.referral), {"accepted_on": event.on.isoformat(), **answer_columns(event)})]


def on_declined(event: ReferralEvent, context: EventContext) -> list[Change]:
    return [Change("referral", (event.person, event.referral), {"declined_on": event.on.isoformat(), **answer_columns(event)})]


def on_completed(event: ReferralEvent, context: EventContext) -> list[Change]:
    return [Change("referral", (event.person, event.referral), {"completed_on": event.on.isoformat(), "result": event.result})]


def answer_columns(event: ReferralEvent) -> dict[str, str | int]:
    """The day of the answer, as text for comparisons and as a number for delays in days."""
    return {"answered_on": event.on.isoformat(), "answered_day": event.on.toordinal()}


READERS: dict[str, FactReader] = {
    "referrals.ReferralSent": reader(ReferralSent, on_sent),
    "referrals.ReferralSeen": reader(ReferralEvent, on_seen),
    "referrals.ReferralWithdrawn": reader(ReferralEvent, on_withdrawn),
    "referrals.ReferralAccepted": reader(ReferralEvent, on_accepted),
    "referrals.ReferralDeclined": reader(ReferralEvent, on_declined),
    "referrals.ReferralCompleted": reader(ReferralEvent, on_completed),
}
