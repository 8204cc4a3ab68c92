"""The tables as a database has them: made, made again beside the live ones, and put in their place."""

from collections.abc import Mapping
from uuid import uuid4

from sqlalchemy import Connection, MetaData, Table, insert, select
from sqlalchemy.sql import quoted_name

from services.reporting.facts.tables import TABLES, calendar
from shared.message import START

NAME = "reporting"
BESIDE = "rebuilt_"
Tables = Mapping[str, Table]


def beside() -> Tables:
    """The same tables under other names. An index keeps the name that it has here when its table takes the live one's."""
    metadata, run = MetaData(), uuid4().hex
    made = {name: table.to_metadata(metadata, name=f"{BESIDE}{name}") for name, table in TABLES.items()}
    for table in made.values():
        for index in table.indexes:
            index.name = quoted_name(f"{index.name}_{run}", quote=None)
    return made


def create(connection: Connection, tables: Tables) -> None:
    for table in tables.values():
        table.create(connection, checkfirst=True)
    if connection.execute(select(tables["checkpoint"].c.name)).first() is None:
        connection.execute(insert(tables["checkpoint"]), {"name": NAME, "position": START})
        connection.execute(insert(tables["quarter"]), calendar())


def drop(connection: Connection, tables: Tables) -> None:
    for table in tables.values():
        table.drop(connection, checkfirst=True)
