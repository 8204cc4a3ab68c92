"""Connections to the file of a log."""

import sqlite3
from pathlib import Path

BUSY = 30.0  # seconds that a writer of another process is waited for


def connect(path: Path, schema: str = "") -> sqlite3.Connection:
    """FULL: a commit is on the disk when it returns. NORMAL would be six times faster and lose the last commits at a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False)
    connection.text_factory = bytes
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    if schema:
        connection.executescript(f"begin immediate;\n{schema}\ncommit;")
    return connection
