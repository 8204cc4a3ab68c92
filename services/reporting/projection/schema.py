"""Creating, dropping and naming the tables: the live ones, and those that a rebuild fills beside them.

Each time the tables are made is a *build*, with a name of its own (`code_version.new_build_name`) in the row `checkpoint.name`.
"""

from collections.abc import Mapping
from uuid import uuid4

from sqlalchemy import Connection, MetaData, Table, insert, select
from sqlalchemy.schema import CreateTable
from sqlalchemy.sql import quoted_name

from services.reporting.facts.tables import TABLES, quarter_rows
from services.reporting.projection.collation import order_text_by_bytes
from shared.message import START

REBUILD_PREFIX = "rebuilt_"  # of the tables of a rebuild that is under way
Tables = Mapping[str, Table]  # by the name in facts.tables, whatever the table is called in the database


order_text_by_bytes()


def rebuild_tables() -> Tables:
    """The same tables under the names that they have until the swap.

    Indexes are not renamed by a swap, and their names are unique in a database: each rebuild gives them a suffix of its own.
    """
    metadata, suffix = MetaData(), uuid4().hex
    tables = {name: table.to_metadata(metadata, name=f"{REBUILD_PREFIX}{name}") for name, table in TABLES.items()}
    for table in tables.values():
        for index in table.indexes:
            index.name = quoted_name(f"{index.name}_{suffix}", quote=None)
    return tables


def create_if_missing(connection: Connection, tables: Tables, name: str) -> None:
    """Create the tables of the build `name`, empty. Tables that exist are left unchanged, whichever version of the code made them."""
    if build_name(connection, tables):
        return
    for table in tables.values():
        table.create(connection)
    insert_first_rows(connection, tables, name)


def build_name(connection: Connection, tables: Tables) -> str:
    """The name of the build that made these tables; empty if there are none. Reads the one column that every version has."""
    checkpoint = tables["checkpoint"]
    exists = connection.dialect.has_table(connection, checkpoint.name)
    return str(connection.scalar(select(checkpoint.c.name)) or "") if exists else ""


def create_without_indexes(connection: Connection, tables: Tables, name: str) -> None:
    """Create the tables of the build `name`. A rebuild creates the indexes at its end: updating them for each row would cost more.

    Only those by which it finds the records of a person are there from the start.
    """
    for table in tables.values():
        connection.execute(CreateTable(table))
    for index in tables["person"].indexes:
        index.create(connection)
    insert_first_rows(connection, tables, name)


def insert_first_rows(connection: Connection, tables: Tables, name: str) -> None:
    connection.execute(insert(tables["checkpoint"]), {"name": name, "position": START})
    connection.execute(insert(tables["quarter"]), quarter_rows())


def create_indexes(connection: Connection, tables: Tables) -> None:
    for table in tables.values():
        for index in table.indexes:
            index.create(connection, checkfirst=True)


def drop_tables(connection: Connection, tables: Tables) -> None:
    for table in tables.values():
        table.drop(connection, checkfirst=True)


def quoted_table(connection: Connection, table: Table) -> str:
    """The table's name in the database, quoted where SQL needs it."""
    return connection.dialect.identifier_preparer.format_table(table)
