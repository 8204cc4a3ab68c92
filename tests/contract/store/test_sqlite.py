"""What is particular to an SQLite file: look-ups read it through a memory map (see shared/store/sqlite/store.py)."""

import sqlite3
from contextlib import closing
from pathlib import Path

from shared.store.sqlite.store import SqliteStore
from tests.contract.store.writing import BATCH, numbered_batch


def test_streams_are_read_completely_while_the_mapped_file_grows(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "log.sqlite")
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        for number in range(40):
            store.append_many([numbered_batch(worker, number) for worker in range(20)])
            if number % 4 == 0:  # move the write-ahead log into the file while readers have it mapped
                other.execute("pragma wal_checkpoint(truncate)")
            streams = [store.read_stream(f"worker-{worker}") for worker in range(20)]
            assert {len(stream) for stream in streams} == {BATCH * (number + 1)}
            assert sorted(event.position for stream in streams for event in stream) == list(range(1, 20 * BATCH * (number + 1) + 1))
    assert store.path.stat().st_size > 1_000_000
