"""What a fold needs of the tables before it is written: the rows that events change, and the persons that they are about.

How many statements this takes depends on the number of tables, never on how many rows or persons there are.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

from sqlalchemy import Connection, select, union

from services.reporting.facts.decisions import DefinitionsPublished
from services.reporting.facts.fold import EventChanges
from services.reporting.facts.tables import KEY_COLUMNS, Row
from services.reporting.indicators.parameters import load_definitions, parameters_of_version
from services.reporting.ledger.entry_fold import EntryFold, records_of
from services.reporting.ledger.persons import Person, Version
from services.reporting.ledger.sides import sides
from services.reporting.projection.bulk import rows_where, select_rows
from services.reporting.projection.schema import Tables

PERSONS_AT_ONCE = 2_000  # that are read when all are


def load_versions(connection: Connection, tables: Tables) -> dict[int, Version]:
    """Every version of the definitions that is published."""
    classes = [dict(row) for row in connection.execute(select(tables["outcome_class"])).mappings()]
    published = load_definitions(connection, tables["definitions"])
    return {number: version_of(one, [row for row in classes if row["version"] == number]) for number, one in published.items()}


def version_of(definitions: DefinitionsPublished, classes: Sequence[Row]) -> Version:
    return Version(parameters_of_version(definitions), classes)


def load(connection: Connection, tables: Tables, fold: EntryFold, events: Iterable[EventChanges]) -> None:
    """Put into the fold what is stored of what these events change, and is not in the fold yet."""
    changed = [change for _, changes in events for change in changes]
    for name in sides().row_tables:
        keys = {change.key for change in changed if change.table == name} - fold.rows[name].keys()
        if keys and "position" not in KEY_COLUMNS[name]:  # a row that is keyed by its position is always new
            fold.rows[name].update(select_rows(connection, tables[name], name, keys))
    records = records_of([change for change in changed if change.table in sides().person_tables])
    load_persons(connection, tables, fold, records - fold.persons.keys())


def load_persons(connection: Connection, tables: Tables, fold: EntryFold, records: Collection[str]) -> None:
    """The persons with these records, each under all of their records."""
    if not records:
        return
    person = tables["person"]
    named = rows_where(connection, person, "person", ["person"], [(record,) for record in records])
    ends = {*records, *(row["root"] for row in named)}
    of_records = rows_where(connection, person, "person", ["root"], [(end,) for end in ends])
    root_of = {row["person"]: row["root"] for row in of_records}
    found: dict[str, Person] = {}
    for record in {*ends, *root_of}:
        fold.persons[record] = found.setdefault(root_of.get(record, record), Person())
    keys = [(record,) for record in {*ends, *root_of}]
    for name in sides().person_tables:
        for row in rows_where(connection, tables[name], name, ["person"], keys):
            fold.persons[row["person"]].rows_of(name)[tuple(row[column] for column in KEY_COLUMNS[name])] = row


def other_persons(connection: Connection, tables: Tables, fold: EntryFold) -> Iterator[Person]:
    """Every stored person that is not in the fold, some at a time."""
    questions = union(*(select(tables[name].c.person) for name in sorted(sides().person_tables)))
    records = sorted({*connection.execute(questions).scalars()} - fold.persons.keys())
    known = set(fold.persons)
    for start in range(0, len(records), PERSONS_AT_ONCE):
        page = EntryFold(fold.versions)
        load_persons(connection, tables, page, [record for record in records[start : start + PERSONS_AT_ONCE] if record not in known])
        known |= page.persons.keys()
        yield from {id(person): person for person in page.persons.values()}.values()


def other_rows(connection: Connection, tables: Tables, fold: EntryFold, name: str) -> Iterator[Row]:
    """Every stored row of a table that is not in the fold."""
    for row in connection.execute(select(tables[name])).mappings():
        if tuple(row[column] for column in KEY_COLUMNS[name]) not in fold.rows[name]:
            yield dict(row)
