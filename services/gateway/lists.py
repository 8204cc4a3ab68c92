"""The lists that the interface has: their addresses, filters, orders and permissions."""

from collections.abc import Collection, Mapping
from typing import Literal, get_args, get_origin

from msgspec import Struct
from msgspec.structs import fields

from services.gateway.parameter_kinds import number, one_of, text_of
from services.gateway.query_parameters import CURSOR, MAX_ID_LENGTH, POSITION, Parameter
from services.gateway.task_texts import TaskEntry
from services.reporting.list_answers import (
    SORTS,
    LoanLine,
    OrientationLine,
    PartnerLine,
    PersonLine,
    ReferralLine,
    TaskLine,
    WorkshopLine,
)

MAX_LINES = 500  # of one page
FOLLOWED = ("now", "ever")


class ListAddress(Struct, frozen=True):
    """A list at `/v1/<name>`. `filters` are its own columns that a client may name values of.

    `shown` is what a line becomes for the client, where it is not the line itself.
    """

    name: str
    line: type[Struct]
    page: str
    description: str
    filters: tuple[str, ...]
    more: tuple[Parameter, ...] = ()
    shown: type[Struct] | None = None

    @property
    def item(self) -> type[Struct]:
        return self.shown or self.line

    @property
    def action(self) -> str:
        return f"read_{self.name}"

    @property
    def rule(self) -> str:
        return f"/v1/{self.name}"

    @property
    def sorts(self) -> Mapping[str, tuple[str, ...]]:
        return SORTS[self.name]

    def parameters(self, territories: Collection[str]) -> tuple[Parameter, ...]:
        sort = one_of([*self.sorts, *(f"-{name}" for name in self.sorts)])
        paging = (CURSOR, Parameter("limit", number(1, MAX_LINES)), Parameter("sort", sort), POSITION)
        return (*(self.filter(name, territories) for name in self.filters), *self.more, *paging)

    def filter(self, name: str, territories: Collection[str]) -> Parameter:
        codes = next((get_args(field.type) for field in fields(self.line) if field.name == name and get_origin(field.type) is Literal), ())
        if name == "territory":
            return Parameter(name, one_of(territories), listed=True)
        return Parameter(name, one_of(codes) if codes else text_of(MAX_ID_LENGTH), listed=True)


LISTS = (
    ListAddress(
        "people",
        PersonLine,
        "PeoplePage",
        "The persons whom the territories of the reader follow or followed; `mine` are those whose referent the reader is.",
        ("territory", "journey", "referent"),
        (Parameter("followed", one_of(FOLLOWED)), Parameter("mine", one_of(("true",)))),
    ),
    ListAddress(
        "referrals",
        ReferralLine,
        "ReferralsPage",
        "Referrals of persons to partners; a partner reads those that are addressed to it.",
        ("territory", "status", "partner", "person"),
    ),
    ListAddress(
        "orientations",
        OrientationLine,
        "OrientationsPage",
        "Persons whom prescribers sent; a prescriber reads its own.",
        ("territory", "status", "prescriber", "person"),
    ),
    ListAddress("partners", PartnerLine, "PartnersPage", "The partners that may receive referrals, by territory.", ("territory",)),
    ListAddress("workshops", WorkshopLine, "WorkshopsPage", "Workshops and how many seats are taken.", ("territory", "status")),
    ListAddress(
        "tasks",
        TaskLine,
        "TasksPage",
        "What a policy could not do, and a person has to decide, in the territories of the reader.",
        ("territory", "person", "policy", "code"),
        shown=TaskEntry,
    ),
    ListAddress("loans", LoanLine, "LoansPage", "Laptops that persons borrowed.", ("status", "person")),
)


def parameters_of_lists(territories: Collection[str]) -> dict[str, tuple[Parameter, ...]]:
    return {address.rule: address.parameters(territories) for address in LISTS}
