"""Many rows in or out of a table with one statement, handed directly to the driver.

A row is a dict in the order of its table's columns (`facts.tables.BLANK_ROWS`), so its values need no sorting. However many keys a
query has, they are one parameter in SQLite and one per column in PostgreSQL: no limit on bound variables, and no SQL to compile.

Functions take the table to query, which a rebuild calls by another name, and `name`, its name in `facts.tables`.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Integer, Table

from services.reporting.facts.tables import BLANK_ROWS, KEY_COLUMNS, Key, Row, Values
from services.reporting.projection.database import driver_connection
from services.reporting.projection.schema import quoted_table

# ruff: noqa: S608 - only names of tables and columns are put into the text of a statement; keys are bound parameters.


def select_rows(connection: Connection, table: Table, name: str, keys: Collection[Key]) -> dict[Key, Row]:
    """The stored rows with these keys, by key."""
    rows = rows_where(connection, table, name, KEY_COLUMNS[name], keys)
    return {tuple(row[column] for column in KEY_COLUMNS[name]): row for row in rows}


def rows_where(connection: Connection, table: Table, name: str, columns: Sequence[str], values: Collection[Key]) -> list[Row]:
    """The stored rows that have one of these values in these columns."""
    query = f"SELECT {column_list(connection, table.columns)} FROM {table_where_in(connection, table, columns)}"
    with driver_connection(connection) as driver:
        return [dict(zip(BLANK_ROWS[name], row, strict=True)) for row in driver.execute(query, key_parameters(connection, values))]


def delete_rows(connection: Connection, table: Table, name: str, keys: Collection[Key]) -> None:
    with driver_connection(connection) as driver:
        driver.execute(f"DELETE FROM {table_where_in(connection, table, KEY_COLUMNS[name])}", key_parameters(connection, keys))


def table_where_in(connection: Connection, table: Table, names: Sequence[str]) -> str:
    """`table WHERE (columns) IN (…)`, with the values as each driver takes an array: JSON in SQLite, arrays in PostgreSQL."""
    columns = [table.c[column] for column in names]
    if connection.dialect.name == "sqlite":
        keys = f"SELECT {', '.join(f'value ->> {index}' for index in range(len(columns)))} FROM json_each(?)"
    else:
        arrays = ("%s::integer[]" if isinstance(column.type, Integer) else "%s::varchar[]" for column in columns)
        keys = f"SELECT * FROM unnest({', '.join(arrays)})"
    return f"{quoted_table(connection, table)} WHERE ({column_list(connection, columns)}) IN ({keys})"


def key_parameters(connection: Connection, keys: Collection[Key]) -> tuple[Any, ...]:
    if connection.dialect.name == "sqlite":
        return (msgspec.json.encode([*keys]).decode(),)
    return tuple(map(list, zip(*keys, strict=True)))


def column_list(connection: Connection, columns: Iterable[Column[Any]]) -> str:
    return ", ".join(map(connection.dialect.identifier_preparer.format_column, columns))


def insert_rows(connection: Connection, table: Table, rows: Iterable[Values]) -> None:
    """Insert rows whose keys are not in the table: with executemany in SQLite, with COPY in PostgreSQL."""
    columns = f"{quoted_table(connection, table)} ({column_list(connection, table.columns)})"
    with driver_connection(connection) as driver:
        if connection.dialect.name == "sqlite":
            driver.executemany(f"INSERT INTO {columns} VALUES ({', '.join('?' * len(table.columns))})", rows)
            return
        statement = f"COPY {columns} FROM STDIN"
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for values in rows:
                copy.write_row(values)
