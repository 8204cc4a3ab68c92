"""Many rows at once, in and out of a database: one statement for a table, handed to the driver as it is.

A row is a dict in the order of its table's columns (`facts.tables.BLANK`), so that its values need no sorting on the way.
"""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection, Table, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from services.reporting.database import driving
from services.reporting.facts.fold import Rows, Told, no_rows, roots, touched
from services.reporting.facts.tables import KEYS, Key, Row, Values
from services.reporting.schema import Tables, quoted

CHUNK = 4_000  # keys in one question: under SQLite's limit of bound variables


def existing(connection: Connection, tables: Tables, batch: Sequence[Told]) -> Rows:
    rows = no_rows()
    for name, keys in touched(batch).items():
        if "position" in KEYS[name]:
            continue  # a row of a position that was never applied cannot be there
        for row in found(connection, tables[name], KEYS[name], sorted(keys)):
            rows[name][tuple(row[column] for column in KEYS[name])] = row
    return rows


def found(connection: Connection, table: Table, names: tuple[str, ...], keys: Sequence[Key]) -> Iterator[Row]:
    place = tuple_(*(table.c[name] for name in names)) if len(names) > 1 else table.c[names[0]]
    for start in range(0, len(keys), CHUNK):
        asked = keys[start : start + CHUNK]
        values = asked if len(names) > 1 else [key for (key,) in asked]
        yield from (dict(row) for row in connection.execute(select(table).where(place.in_(values))).mappings())


def save(connection: Connection, tables: Tables, rows: Rows) -> None:
    """One upsert for each table."""
    for name, changed in rows.items():
        upsert(connection, tables[name], KEYS[name], list(changed.values()))
    if any(row["merged_into"] for row in rows["person"].values()):
        unite(connection, tables["person"])


def upsert(connection: Connection, table: Table, names: tuple[str, ...], rows: list[Row]) -> None:
    if not rows:
        return
    asked = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)
    others = {column.name: asked.excluded[column.name] for column in table.columns if column.name not in names}
    statement = asked.on_conflict_do_update(index_elements=list(names), set_=others).compile(dialect=connection.dialect)
    ordered = connection.dialect.name == "sqlite"
    connection.exec_driver_sql(str(statement), [tuple(row.values()) for row in rows] if ordered else list(rows))


def pour(connection: Connection, table: Table, rows: Iterable[Values]) -> None:
    """Rows that are not there yet, by the driver's fastest way."""
    with driving(connection) as driver:
        if connection.dialect.name == "sqlite":
            driver.executemany(str(insert(table).compile(dialect=connection.dialect)), rows)
            return
        columns = ", ".join(map(connection.dialect.identifier_preparer.format_column, table.columns))
        with driver.cursor() as cursor, cursor.copy(f"COPY {quoted(connection, table)} ({columns}) FROM STDIN") as copy:
            for values in rows:
                copy.write_row(values)


def unite(connection: Connection, person: Table) -> None:
    """Every merged record points at the end of its chain."""
    asked = select(person.c.person, person.c.merged_into, person.c.root).where(person.c.merged_into.is_not(None))
    merged = {row.person: row for row in connection.execute(asked)}
    for record, root in roots({record: row.merged_into for record, row in merged.items()}).items():
        if merged[record].root != root:
            connection.execute(update(person).where(person.c.person == record).values(root=root))
