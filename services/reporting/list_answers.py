"""What the reporting service answers to questions for lists: of persons, referrals, orientations, partners, workshops, loans and tasks.

Part of the published language of the service, like `answers`. Days are ISO text, codes are those of the commands.
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from services.reporting.answer_types import Day, OrientationDeclineReasonCode, PrescriberKindCode, ReferralResultCode, ThematiqueCode

RECORDS = "records"  # a filter of persons: under any of their records that were merged


class ListQuestion(Struct, frozen=True):
    """What is asked of a list: the values that columns may have, in which order, after which values of that order, how many at most.

    `seen_from` limits it to what concerns persons whom one of these territories follows or followed; None is everybody.
    """

    name: str
    filters: dict[str, list[str]]
    sort: str
    limit: int
    after: list[str] | None = None
    seen_from: list[str] | None = None


SORTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "people": {"person": ("person",), "since": ("since", "person")},
    "referrals": {"sent_on": ("sent_on", "person", "referral"), "due_on": ("due_on", "person", "referral")},
    "orientations": {"received_on": ("received_on", "orientation")},
    "partners": {"label": ("label", "partner", "territory"), "listed_on": ("listed_on", "partner", "territory")},
    "workshops": {"held_on": ("held_on", "workshop")},
    "tasks": {"opened_on": ("opened_on", "id")},
    "loans": {"until": ("until", "serial", "person"), "lent_on": ("lent_on", "serial", "person")},
}
"""The orders of each list: the columns that are compared, the key of a line last. None of them is ever null."""


class PersonLine(Struct, frozen=True):
    """A person in a list: where they are followed since when, and the latest journey with its referent."""

    person: str
    territory: str
    since: Day
    met_on: Day | None
    journey: Literal["none", "open", "exited"]
    rank: int | None
    opened_on: Day | None
    exit_on: Day | None
    referent: str | None


class ReferralLine(Struct, frozen=True):
    """A referral of a person to a partner, and the day of each step. `due_on` is when an answer is late."""

    person: str
    referral: str
    partner: str
    thematique: ThematiqueCode
    territory: str
    status: Literal["sent", "seen", "accepted", "declined", "completed", "withdrawn"]
    sent_on: Day
    due_on: Day
    seen_on: Day | None
    accepted_on: Day | None
    declined_on: Day | None
    completed_on: Day | None
    withdrawn_on: Day | None
    result: ReferralResultCode | None


class OrientationLine(Struct, frozen=True):
    """A person whom a prescriber sent, and the answer."""

    orientation: str
    person: str
    prescriber: str
    kind: PrescriberKindCode
    territory: str
    status: Literal["received", "accepted", "declined"]
    received_on: Day
    answered_on: Day | None
    reason: OrientationDeclineReasonCode | None


class PartnerLine(Struct, frozen=True):
    """A partner that may receive referrals in a territory, since a day."""

    partner: str
    territory: str
    label: str
    listed_on: Day


class WorkshopLine(Struct, frozen=True):
    """A workshop and how many seats are taken. Seats are counted as they stand: attended ones are taken too."""

    workshop: str
    kind: str
    thematique: ThematiqueCode
    territory: str
    status: Literal["scheduled", "closed"]
    held_on: Day
    closed_on: Day | None
    capacity: int
    taken: int


class LoanLine(Struct, frozen=True):
    """The latest loan of a laptop to a person."""

    serial: str
    person: str
    status: Literal["lent", "returned", "bought_out"]
    lent_on: Day
    until: Day
    returned_on: Day | None
    working: bool | None
    bought_on: Day | None


class TaskLine(Struct, frozen=True):
    """What a person has to do because a policy could not: which one, on an event of which kind, and why it was refused the last time.

    `refused_on` is the day on which the latest retry was refused; null while none is, or nothing is known of it yet.
    """

    id: str
    territory: str
    policy: str
    kind: str
    code: str
    details: dict[str, str]
    person: str | None
    opened_on: Day
    retried_on: Day | None
    refused_on: Day | None = None
