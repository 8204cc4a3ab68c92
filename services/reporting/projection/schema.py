"""The tables as a database has them: made empty, made beside the live ones, and dropped."""

from collections.abc import Mapping
from uuid import uuid4

from sqlalchemy import Connection, MetaData, Table, insert, select
from sqlalchemy.schema import CreateTable
from sqlalchemy.sql import quoted_name

from services.reporting.facts.tables import TABLES, calendar
from services.reporting.projection.code_version import named
from shared.message import START

BESIDE = "rebuilt_"
Tables = Mapping[str, Table]


def beside() -> Tables:
    """The same tables under other names. An index keeps the name that it has here when its table takes the live one's place."""
    metadata, run = MetaData(), uuid4().hex
    made = {name: table.to_metadata(metadata, name=f"{BESIDE}{name}") for name, table in TABLES.items()}
    for table in made.values():
        for known in table.indexes:
            known.name = quoted_name(f"{known.name}_{run}", quote=None)
    return made


def create(connection: Connection, tables: Tables) -> None:
    """Tables that are there already stay, whoever made them."""
    if maker(connection, tables):
        return
    for table in tables.values():
        table.create(connection)
    begin(connection, tables, named())


def maker(connection: Connection, tables: Tables) -> str:
    """The name of who made the tables that are there; empty when there are none. Asked of the one column that every version had."""
    checkpoint = tables["checkpoint"]
    there = connection.dialect.has_table(connection, checkpoint.name)
    return str(connection.scalar(select(checkpoint.c.name)) or "") if there else ""


def create_bare(connection: Connection, tables: Tables, name: str) -> None:
    """Without indexes: kept up row by row they would cost more than the rows. `index` makes them at the end."""
    for table in tables.values():
        connection.execute(CreateTable(table))
    begin(connection, tables, name)


def begin(connection: Connection, tables: Tables, name: str) -> None:
    connection.execute(insert(tables["checkpoint"]), {"name": name, "position": START})
    connection.execute(insert(tables["quarter"]), calendar())


def index(connection: Connection, tables: Tables) -> None:
    for table in tables.values():
        for known in table.indexes:
            known.create(connection)


def drop(connection: Connection, tables: Tables) -> None:
    for table in tables.values():
        table.drop(connection, checkfirst=True)


def quoted(connection: Connection, table: Table) -> str:
    return connection.dialect.identifier_preparer.format_table(table)
