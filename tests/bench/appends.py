"""Appends of several threads and processes, in batches and in bulk; and loading a stream, as a command does first."""

from contextlib import closing

from shared.store.port import Append
from tests.bench import floors, ours, peer, peer_reads, raw_reads
from tests.bench.floors import COPY_IN, EXECUTE, INSERT, is_postgres
from tests.bench.measuring import Pace, Setup, by_processes, by_threads
from tests.bench.table import OURS, PEER, Aim, Line, Table
from tests.contract.store.writing import event, open_store

WRITERS = (1, 8, 32)
PROCESSES, THREADS = 4, 2
BATCH, BULK, STREAM_SIZE = 100, 500, 20
AIMS: dict[str, dict[int, tuple[Aim, ...]]] = {
    "sqlite": {1: (Aim(INSERT, 0.80),), 8: (Aim(PEER, 2.0),)},
    "postgres": {1: (Aim(INSERT, 0.85),), 8: (Aim(INSERT, 0.9), Aim(PEER, 2.0))},
}
AIMS_OF_BATCHES: dict[str, tuple[Aim, ...]] = {"postgres": (Aim(INSERT, 1.3), Aim(COPY_IN, 0.29))}
PEERS: dict[str, Setup] = {PEER: peer.inserts}
PEERS_POSTGRES: dict[str, Setup] = {f"{PEER}, in a transaction": peer.inserts, f"{PEER}, in a function": peer.function_inserts}


def setups_for_one(address: str) -> dict[str, Setup]:
    peers = {EXECUTE: floors.executes, **PEERS_POSTGRES} if is_postgres(address) else PEERS
    return {OURS: ours.appends, INSERT: floors.inserts, **peers}


def setups_for_many(address: str) -> dict[str, Setup]:
    if is_postgres(address):
        return {OURS: ours.appends, INSERT: floors.inserts, COPY_IN: floors.copies, **PEERS_POSTGRES}
    return setups_for_one(address)


def main(name: str, address: str, other: str, pace: Pace, table: Table) -> None:
    one, many = setups_for_one(address), setups_for_many(address)
    for threads in WRITERS:
        table.add(Line(name, f"append, {writers(threads)}", by_threads(one, (address, 1), threads, pace), AIMS[name].get(threads, ())))
    work = f"append, {PROCESSES} processes × {THREADS} writers"
    table.add(Line(name, work, by_processes(one, (address, 1), PROCESSES, THREADS, pace)))
    aims = AIMS_OF_BATCHES.get(name, ())
    table.add(Line(name, f"append, batches of {BATCH}", by_threads(many, (address, BATCH), 1, pace), aims))
    table.add(Line(name, f"{BULK} appends of 1 in a call", by_threads(many, (address, BULK, True), 1, pace)))
    load(name, address, pace, table)


def writers(threads: int) -> str:
    return "1 writer" if threads == 1 else f"{threads} writers"


def load(name: str, address: str, pace: Pace, table: Table) -> None:
    streams = fill_streams(address, pace.loaded)
    peer_reads.copy_log(address)
    setups: dict[str, Setup] = {OURS: ours.loads, raw_reads.SELECT: raw_reads.loads, PEER: peer_reads.loads}
    table.add(Line(name, f"load of a stream of {STREAM_SIZE}", by_threads(setups, (address, streams, STREAM_SIZE), 1, pace)))


def fill_streams(address: str, count: int) -> list[str]:
    """Fill a log with streams that grow in parallel, as real ones do, so that the events of one are scattered; return their names."""
    streams = [f"life-{number}" for number in range(count)]
    with closing(open_store(address)) as store:
        for version in range(STREAM_SIZE):
            store.append_many([Append(stream, version, [event(stream)]) for stream in streams])
    return streams
