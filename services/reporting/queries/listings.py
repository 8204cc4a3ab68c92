"""Lists of what is recorded, a page at a time: of persons, referrals, orientations, partners, workshops, loans and tasks.

How it works
------------
A listing is a question whose columns are the fields of its line. Filters compare columns; a page begins after the values that the last
line of the page before had in the columns of its order, which end with the key of the line. So a page costs the same wherever it is,
and nothing is left out or repeated when rows are added meanwhile.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Select, Subquery, false, literal, select, tuple_

from services.reporting import list_answers
from services.reporting.facts import tables as t
from services.reporting.list_answers import (
    SORTS,
    ListQuestion,
    LoanLine,
    OrientationLine,
    PartnerLine,
    PersonLine,
    ReferralLine,
    TaskLine,
    WorkshopLine,
)
from services.reporting.queries.listed_rows import loans, orientations, partners, people, referrals, tasks, workshops

DESCENDING = "-"  # before the name of a sort


class Listing(Struct, frozen=True):
    """`about` is the column of the person whom a line is about, `place` that of a territory from which it is seen, whoever follows them.

    `encoded` are the columns whose texts are JSON.
    """

    line: type[Struct]
    rows: Select[Any]
    about: str | None = None
    place: str | None = None
    encoded: frozenset[str] = frozenset()


PERSON, TERRITORY = "person", "territory"
LISTINGS: Mapping[str, Listing] = {
    "people": Listing(PersonLine, people(), PERSON),
    "referrals": Listing(ReferralLine, referrals(), PERSON, TERRITORY),
    "orientations": Listing(OrientationLine, orientations(), PERSON, TERRITORY),
    "partners": Listing(PartnerLine, partners(), None, TERRITORY),
    "workshops": Listing(WorkshopLine, workshops(), None, TERRITORY),
    "loans": Listing(LoanLine, loans(), PERSON),
    "tasks": Listing(TaskLine, tasks(), None, TERRITORY, frozenset({"details"})),
}


def lines(connection: Connection, question: ListQuestion) -> list[Any]:
    """The lines of one page."""
    listing = LISTINGS[question.name]
    rows = listing.rows.subquery()
    asked = select(rows)
    for name, values in question.filters.items():
        asked = asked.where(matches(rows, name, values))
    if question.seen_from is not None:
        asked = asked.where(seen_from(listing, rows, question.seen_from))
    order = [rows.c[name] for name in SORTS[question.name][question.sort.removeprefix(DESCENDING)]]
    descending = question.sort.startswith(DESCENDING)
    if question.after is not None:
        last = tuple_(*map(literal, question.after))
        asked = asked.where(tuple_(*order) < last if descending else tuple_(*order) > last)
    asked = asked.order_by(*(column.desc() if descending else column for column in order)).limit(question.limit)
    return [line_of(listing, row) for row in connection.execute(asked).mappings()]


def matches(rows: Subquery, name: str, values: list[str]) -> Any:
    """Whether a line is one of these by a filter, which is a column but for two."""
    match name:
        case "ever":
            return followed_at_some_time(rows.c.person, values)
        case list_answers.RECORDS:
            kept = select(t.person.c.root).where(t.person.c.person.in_(values))
            return rows.c.person.in_(kept)
        case _:
            return rows.c[name].in_(values)


def line_of(listing: Listing, row: Mapping[Any, Any]) -> Struct:
    return listing.line(**{name: msgspec.json.decode(value) if name in listing.encoded else value for name, value in row.items()})


def seen_from(listing: Listing, rows: Subquery, territories: list[str]) -> Any:
    here = rows.c[listing.place].in_(territories) if listing.place else false()
    return here | followed_at_some_time(rows.c[listing.about], territories) if listing.about else here


def followed_at_some_time(person: Any, territories: list[str]) -> Any:
    """Whether one of these territories follows the person or did, under any of their merged records."""
    asked, record = t.person.alias(), t.person.alias()
    same = (asked.c.person == person) & (record.c.root == asked.c.root)
    stays = select(t.stay.c.person).join(record, record.c.person == t.stay.c.person).join(asked, same)
    return stays.where(t.stay.c.territory.in_(territories)).exists()
