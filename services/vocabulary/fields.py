"""Types of command fields that several services use. They are the only place where the form of such a value is declared.

A type may name a rule, which `field_rules.py` has: it depends on the day of the fact or on the programme's reference data.
"""

from datetime import date
from typing import Annotated

from msgspec import Meta

from services.vocabulary import survey_ticket
from shared.field_rules import RULE, VOCABULARY

ID_PATTERN = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
QUARTER_PATTERN = "^20[0-9]{2}-Q[1-4]$"
QPV_CODE_PATTERN = "^[A-Z0-9]{8}$"
EVENT_TYPE_PATTERN = "^(fr[.]parcours[.])?[a-z]{1,30}([.][A-Za-z]{1,60})?$"
PHONE_PATTERN = r"^[+]?[0-9][0-9 .()/-]{4,23}[0-9]$"
EMAIL_PATTERN = r"^[^@\s]{1,64}@[A-Za-z0-9.-]{1,180}[.][A-Za-z]{2,}$"
URL_PATTERN = r"^https?://([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[1-9][0-9]{0,4})?([/?][!-\"$-\[\]-~]*)?$"

Id = Annotated[
    str,
    Meta(
        pattern=ID_PATTERN,
        max_length=64,
        description="An identifier that the sender chooses, once and for ever. Of a person: a pseudonym, never a name.",
    ),
]
"""An identifier that a caller chooses: of a person (a pseudonym), an orientation, a workshop… One alphabet, so that it has one spelling,
and a page of its own."""

ShortText = Annotated[str, Meta(max_length=120)]
"""A name or a label on one line."""

LongText = Annotated[str, Meta(max_length=500)]
"""A sentence or two, on one line."""

PastDay = Annotated[date, Meta(extra={RULE: "past_day"}, description="A day within the programme, and not after the recording.")]
"""A day within the programme, and not after the recording."""

PlannedDay = Annotated[date, Meta(extra={RULE: "planned_day"}, description="A day within the programme, up to three years after the fact.")]
"""A day within the programme, at most three years after the fact."""

BirthYear = Annotated[
    int, Meta(ge=1900, le=2100, extra={RULE: "birth_year"}, description="Of somebody who may be a participant on the day of the fact.")
]
"""The year of birth of somebody who may be a participant on the day of the fact."""

BirthDate = Annotated[date, Meta(extra={RULE: "birth_date"}, description="Of somebody who may be a participant on the day of the fact.")]
"""The day of birth of somebody who may be a participant on the day of the fact."""

Phone = Annotated[str, Meta(pattern=PHONE_PATTERN, max_length=25, description="A telephone number, as it is dialled.")]

Email = Annotated[str, Meta(pattern=EMAIL_PATTERN, max_length=254)]

TerritoryId = Annotated[str, Meta(max_length=64, extra={RULE: "territory"})]
"""A territory of the programme, in force on the day of the fact."""

TerritoryOrAll = Annotated[str, Meta(max_length=64, extra={RULE: "territory_or_all"})]
"""A territory of the programme, or `all` of them."""

ThematiqueId = Annotated[str, Meta(max_length=120, extra={RULE: "thematique"}, extra_json_schema={VOCABULARY: "thematiques"})]
"""A thematique of data·inclusion. An event keeps plain text, so that a later edition of the vocabulary never makes the log unreadable."""

ServiceType = Annotated[str, Meta(max_length=120, extra={RULE: "service_type"})]
"""A type of service of data·inclusion."""

QuarterId = Annotated[str, Meta(pattern=QUARTER_PATTERN, max_length=7, extra={RULE: "quarter"})]
"""A quarter of the programme (`2024-Q2`), at most three years after the fact."""

Rank = Annotated[int, Meta(ge=1, le=99)]
"""The number of a journey of a person: 1, then one more for each renewal."""

Version = Annotated[int, Meta(ge=1, le=9_999)]
"""The number of a version: of a notice, of rules, of definitions."""

Ticket = Annotated[str, Meta(pattern=survey_ticket.PATTERN, max_length=survey_ticket.MAX_LENGTH, extra={RULE: "survey_ticket"})]
"""A survey ticket: its seal is genuine, for the territory of the answer, in the month of its issue or later."""

EventType = Annotated[str, Meta(pattern=EVENT_TYPE_PATTERN, max_length=100, extra={RULE: "event_type"})]
"""A kind of events (`coaching.JourneyExited`), with the product's prefix or without, or a whole service (`coaching`)."""

WebhookUrl = Annotated[str, Meta(pattern=URL_PATTERN, max_length=500, extra={RULE: "webhook_url"})]
"""Where a webhook sends: no user, no fragment, printable ASCII. Its rule asks whether the programme may call that address at all."""

LogPosition = Annotated[int, Meta(ge=0, le=10**18 - 1)]
"""A position of the log, or 0 for its beginning."""
