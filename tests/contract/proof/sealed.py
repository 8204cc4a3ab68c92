"""Sealed logs for the tests, and ways to change them beneath what guards them."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg

from shared.proof.finding import Finding
from shared.proof.notes import SignerKey, VerifierKey
from shared.proof.sealer import Pace, Sealer
from shared.proof.verification import Verification, Verified
from shared.store.port import Checkpoints
from shared.store.postgres.checkpoints import PostgresCheckpoints
from shared.store.postgres.tree_heads import PostgresTreeHeads
from shared.store.sqlite.checkpoints import SqliteCheckpoints
from shared.store.sqlite.tree_heads import SqliteTreeHeads
from shared.store.stored import Log
from shared.store.tree_heads import TreeHeads, all_heads
from tests.contract.store.writing import append, open_store

SIGNER = SignerKey("log.example", bytes(range(32)))
OTHER_SIGNER = SignerKey("log.example", bytes(32))
PACE = Pace(events=5, seconds=0.0, rest=0.0, rest_when_behind=0.0)
TRIGGERS = {
    "events": ("events_never_change", "events_never_go", "events_are_never_replaced"),
    "tree_heads": ("tree_heads_never_change", "tree_heads_never_go", "tree_heads_only_grow"),
}


class Execute(Protocol):
    def __call__(self, statement: str, *values: Any) -> None: ...


class SealedLog:
    """A log of `events` events in streams of three, sealed at every five; the last ones are left unsealed with `rest=False`."""

    def __init__(self, address: str, folder: Path) -> None:
        self.address = address
        self.on_postgres = address.startswith("postgres")
        self.store: Log = open_store(address)
        beside = folder / "checkpoints.sqlite" if "://" in address else Path(address)
        self.checkpoints: Checkpoints = PostgresCheckpoints(address) if self.on_postgres else SqliteCheckpoints(beside)
        self.heads: TreeHeads = PostgresTreeHeads(address) if self.on_postgres else SqliteTreeHeads(beside)

    def write(self, streams: int, first: int = 0) -> None:
        for number in range(first, first + streams):
            self.store.append(append(f"s-{number}", 0, 3))

    def seal(self, signer: SignerKey = SIGNER, *, rest: bool = True, pace: Pace = PACE) -> Sealer:
        """Seal what is there, once."""
        sealer = Sealer(self.store, self.checkpoints, self.heads, signer, pace)
        with self.checkpoints.lease("sealer", 1) as held:
            sealing = sealer.begin()
            while sealer.read(sealing):
                pass
            sealer.seal(sealing, held, rest=rest)
        return sealer

    def verify(self, kept: dict[str, str] | None = None, verifier: VerifierKey = SIGNER.verifier) -> tuple[list[Finding], Verified]:
        verification = Verification(self.store, verifier, kept or {})
        return [*verification.findings(all_heads(self.heads))], verification.result

    def kinds(self, kept: dict[str, str] | None = None) -> list[str]:
        return [finding.kind for finding in self.verify(kept)[0]]

    @contextmanager
    def tampering(self) -> Iterator[Execute]:
        """Execute statements as whoever owns the database can: without the triggers. Statements have ? for values."""
        if self.on_postgres:
            with psycopg.connect(self.address) as connection:
                connection.execute("alter table events disable trigger all")
                connection.execute("alter table tree_heads disable trigger all")
                yield lambda statement, *values: execute_postgres(connection, statement, values)
        else:
            connection_to_file = sqlite3.connect(self.address)
            for names in TRIGGERS.values():
                for name in names:
                    connection_to_file.execute(f"drop trigger if exists {name}")
            yield lambda statement, *values: execute_sqlite(connection_to_file, statement, values)
            connection_to_file.commit()
            connection_to_file.close()

    def rewrite(self, position: int, change: Callable[[str], str]) -> None:
        """Change the line of an event, as text."""
        line = next(event.line for event in self.store.read_stored(0, 10_000) if event.position == position).decode()
        assert change(line) != line
        with self.tampering() as execute:
            execute("update events set message = ? where position = ?", change(line), position)


def execute_postgres(connection: psycopg.Connection[Any], statement: str, values: tuple[Any, ...]) -> None:
    connection.execute(statement.replace("message = ?", "message = ?::json").replace("?", "%s").encode(), values)


def execute_sqlite(connection: sqlite3.Connection, statement: str, values: tuple[Any, ...]) -> None:
    connection.execute(statement, values)
