"""Many rows at once, in and out of a database: one statement for a table, handed to the driver as it is.

A row is a dict in the order of its table's columns (`facts.tables.BLANK`), so that its values need no sorting on the way. However many
keys are asked for, they go as one parameter in SQLite and as one a column in PostgreSQL: no limit of bound variables, nothing to compile.
"""

from collections.abc import Collection, Iterable
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Integer, Table, insert

from services.reporting.facts.tables import BLANK, KEYS, Key, Row, Values
from services.reporting.projection.database import driving
from services.reporting.projection.schema import quoted

# ruff: noqa: S608 - what is put into a statement here is the name of a table or a column; keys are bound.


def found(connection: Connection, table: Table, name: str, keys: Collection[Key]) -> dict[Key, Row]:
    """The rows that have these keys. `name` is the table's in `facts.tables`, whatever it is called in the database."""
    with driving(connection) as driver:
        asked = f"SELECT {names(connection, table.columns)} FROM {among(connection, table, name)}"
        rows = [dict(zip(BLANK[name], row, strict=True)) for row in driver.execute(asked, bound(connection, keys))]
    return {tuple(row[column] for column in KEYS[name]): row for row in rows}


def remove(connection: Connection, table: Table, name: str, keys: Collection[Key]) -> None:
    with driving(connection) as driver:
        driver.execute(f"DELETE FROM {among(connection, table, name)}", bound(connection, keys))


def among(connection: Connection, table: Table, name: str) -> str:
    """`table WHERE key IN (…)`, as each driver takes many keys."""
    place = [table.c[column] for column in KEYS[name]]
    if connection.dialect.name == "sqlite":
        keys = f"SELECT {', '.join(f'value ->> {index}' for index in range(len(place)))} FROM json_each(?)"
    else:
        kinds = ("%s::integer[]" if isinstance(column.type, Integer) else "%s::varchar[]" for column in place)
        keys = f"SELECT * FROM unnest({', '.join(kinds)})"
    return f"{quoted(connection, table)} WHERE ({names(connection, place)}) IN ({keys})"


def bound(connection: Connection, keys: Collection[Key]) -> tuple[Any, ...]:
    if connection.dialect.name == "sqlite":
        return (msgspec.json.encode([*keys]).decode(),)
    return tuple(map(list, zip(*keys, strict=True)))


def names(connection: Connection, columns: Iterable[Column[Any]]) -> str:
    return ", ".join(map(connection.dialect.identifier_preparer.format_column, columns))


def pour(connection: Connection, table: Table, rows: Iterable[Values]) -> None:
    """Rows that are not there yet, by the driver's fastest way."""
    with driving(connection) as driver:
        if connection.dialect.name == "sqlite":
            driver.executemany(str(insert(table).compile(dialect=connection.dialect)), rows)
            return
        statement = f"COPY {quoted(connection, table)} ({names(connection, table.columns)}) FROM STDIN"
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for values in rows:
                copy.write_row(values)
