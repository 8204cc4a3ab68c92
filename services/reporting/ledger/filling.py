"""A version of the definitions that is published when many persons are known: what they contribute under it is entered in the background.

How it works
------------
The transaction of the publication enters what stands alone, and the persons whom its batch is about. For everybody else it leaves a row in
`filling`. Pages of persons follow, in the order of their records, each in a transaction of its own (`fill_page`), from the rows of facts.

Entered is what persons contributed when the version was published, at the position of that. Nobody has changed since: a person whom an
event is about before their page comes is entered first, as they were before it (`fill_known`), and noted in `filled`. So the ledger becomes
what it is when all are entered at once, as a rebuild does. Until then, figures under the version are counted by questions.
"""

from collections.abc import Collection, Iterable

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, delete, func, insert, select, update

from services.reporting.facts import tables as t
from services.reporting.ledger.contributions import NO_CONTRIBUTION, Cell
from services.reporting.ledger.entry_fold import EntryFold, add
from services.reporting.ledger.loading import load_persons, load_versions
from services.reporting.ledger.persons import Person
from services.reporting.ledger.sides import sides
from services.reporting.projection.bulk import insert_rows, select_rows
from services.reporting.projection.schema import Tables
from shared.message import Position

AT_ONCE = 2_000  # records of persons: as many are entered in the transaction of the publication
PAGE = 500  # records that are entered in one transaction


class Filling(Struct, frozen=True):
    """A version that was published at `position`. The records up to `after` are entered, `done` of `total`."""

    version: int
    position: Position
    after: str
    done: int
    total: int


def read_fillings(connection: Connection, tables: Tables = t.TABLES) -> list[Filling]:
    filling = tables["filling"]
    return [Filling(*row) for row in connection.execute(select(filling).order_by(filling.c.version))]


def is_long(connection: Connection, tables: Tables) -> bool:
    """Whether so many persons are known that a version is filled in the background."""
    return (connection.scalar(select(func.count()).select_from(tables["person"])) or 0) > AT_ONCE


def begin(connection: Connection, tables: Tables, fold: EntryFold, version: int, position: Position) -> None:
    """Have everybody filled later who is not in the fold: the caller enters these."""
    total = connection.scalar(select(func.count()).select_from(tables["person"])) or 0
    begun = Filling(version, position, "", 0, total)
    connection.execute(insert(tables["filling"]), msgspec.structs.asdict(begun))
    note(connection, tables, begun, fold.persons)


def fill_known(connection: Connection, tables: Tables, fold: EntryFold) -> None:
    """Enter the persons of a fold, as they are before its events, under the versions that are being filled."""
    for filling in read_fillings(connection, tables):
        noted = noted_among(connection, tables, filling, fold.persons)
        enter(fold, filling, (person for record, person in fold.persons.items() if record > filling.after and record not in noted))
        note(connection, tables, filling, fold.persons.keys() - noted)


def fill_page(connection: Connection, tables: Tables, filling: Filling) -> EntryFold:
    """Enter the next persons; nobody is left if there are no more. Returns the fold whose entries are to be written."""
    records = next_records(connection, tables, filling.after)
    page = EntryFold({filling.version: load_versions(connection, tables)[filling.version]})
    if not records:
        for name in ("filling", "filled"):
            connection.execute(delete(tables[name]).where(tables[name].c.version == filling.version))
        return page
    last = records[-1]
    load_persons(connection, tables, page, {*records} - noted_among(connection, tables, filling, records))
    enter(page, filling, page.persons.values())
    now = msgspec.structs.replace(filling, after=last, done=min(filling.total, filling.done + len(records)))
    note(connection, tables, now, page.persons)
    filled, row = tables["filled"].c, tables["filling"].c
    connection.execute(delete(tables["filled"]).where(filled.version == filling.version, filled.person <= last))
    connection.execute(update(tables["filling"]).where(row.version == filling.version).values(after=last, done=now.done))
    return page


def enter(fold: EntryFold, filling: Filling, persons: Iterable[Person]) -> None:
    """What these persons contribute under a version, at the position of its publication."""
    counts: dict[Cell, int] = {}
    asks = [ask for ask in fold.asks_of_persons if ask.number == filling.version]
    for person in {id(person): person for person in persons}.values():
        for ask in asks:
            add(counts, person.contributes(ask), 1)
    fold.enter(filling.position, NO_CONTRIBUTION, counts)


def note(connection: Connection, tables: Tables, filling: Filling, records: Iterable[str]) -> None:
    """That persons are entered whose page has not come yet."""
    insert_rows(connection, tables["filled"], [(filling.version, record) for record in records if record > filling.after])


def noted_among(connection: Connection, tables: Tables, filling: Filling, records: Collection[str]) -> set[str]:
    keys = [(filling.version, record) for record in records]
    return {record for _, record in select_rows(connection, tables["filled"], "filled", keys)} if keys else set()


def next_records(connection: Connection, tables: Tables, after: str) -> list[str]:
    """The next records of persons in any table of theirs: each is asked for as many, in the order of its key."""
    found: set[str] = set()
    for name in sides().person_tables:
        person = tables[name].c.person
        found |= {*connection.scalars(select(person).where(person > after).distinct().order_by(person).limit(PAGE))}
    return sorted(found)[:PAGE]
