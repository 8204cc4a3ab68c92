"""The coverage of consumers in an SQLite file: written in the transaction of a checkpoint or of a cursor, in the same file."""

import sqlite3
from pathlib import Path

SCHEMA = (Path(__file__).parent / "sql" / "coverage.sql").read_text()
WRITE = "insert into coverage (name, applied) values (?, ?) on conflict (name) do update set applied = excluded.applied"


def write(connection: sqlite3.Connection, name: str, applied: str) -> None:
    connection.execute(WRITE, (name, applied))
