"""Survey tickets: whoever holds one answers the survey once, without a login and without a name.

    M3.2024-04.flers.9f2c…b1.47ac…0e        moment, month of issue, territory, number, seal

The number follows from a secret that only the request for the ticket holds and that is recorded nowhere; the command that records the
issue has an id that follows from the same secret, in a way that cannot be turned back (`command_id`). So a request that is sent again gets
the same ticket, and nothing that is recorded leads from the issue to the number, or from the number to the issue (ADR 0034).
"""

from collections.abc import Callable
from datetime import date
from uuid import UUID, uuid5

from msgspec import Struct, convert

from shared.coded_value import CodedValue

PURPOSE = "survey tickets"
PATTERN = "^[A-Z0-9]{2,4}\\.[0-9]{4}-[0-9]{2}\\.[A-Za-z0-9_-]{1,64}\\.[0-9a-f]{32}\\.[0-9a-f]{32}$"
MAX_LENGTH = 160
COMMAND_IDS = UUID("c1b5b0a4-6f0e-5a39-9e61-2f1d7a4b8e03")


class SurveyMoment(CodedValue):
    """When a participant is asked: at the exit, and 3 and 6 months after it."""

    EXIT = "EXIT", "la sortie"
    M3 = "M3", "3 mois"
    M6 = "M6", "6 mois"


class SurveyTicket(Struct, frozen=True):
    """What a ticket says. Its seal vouches for it."""

    moment: SurveyMoment
    month: str
    territory: str
    number: str

    def text(self) -> str:
        return f"{self.moment}.{self.month}.{self.territory}.{self.number}"


def read_ticket(ticket: str) -> SurveyTicket:
    """What a ticket of the right form says."""
    moment, month, territory, number, _ = ticket.split(".")
    return SurveyTicket(convert(moment, SurveyMoment), month, territory, number)


def make_ticket(secret: str, moment: SurveyMoment, territory: str, on: date, digest: Callable[[str], str]) -> str:
    """The text of the ticket that was issued on a day, to be sealed. `digest` needs the key: nobody else can tell the number."""
    return SurveyTicket(moment, month_of(on), territory, digest(f"number {secret}")).text()


def command_id(secret: UUID) -> UUID:
    """The id of the command that issues the ticket of a secret."""
    return uuid5(COMMAND_IDS, str(secret))


def month_of(day: date) -> str:
    return f"{day.year}-{day.month:02}"
