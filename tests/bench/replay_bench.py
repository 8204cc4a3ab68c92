"""How fast the log becomes figures, beside the least that could be done, in the same run: `python -m tests.bench replay`.

    read       every event read and decoded
    replay     read, decoded, folded, and one quarter's figures asked: what `parcours replay` does
    one town   the same up to half of the log, for one territory: `parcours replay --as-of`
    rebuild    read, decoded, folded, every line of every timeline written, and the tables swapped
    bare       a SELECT of the whole table in SQLite; a binary COPY out of it in PostgreSQL

Every measure is a process of its own, so that its peak of memory is its own. Medians of several rounds, taken in turn so that a busy
moment hits all of them.
"""

import argparse
import multiprocessing
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from multiprocessing.pool import Pool
from pathlib import Path

import psycopg

from services.reporting.audit.replay import replay
from services.reporting.quarter import Programme, Reporting
from services.settings import settings
from shared.store.port import EventStore, pages
from shared.store.postgres import PostgresStore
from shared.store.sqlite import SqliteStore
from tests.bench.grown import grow
from tests.bench.store_bench import copied, selected
from tests.contract.store.writing import open_store

ROUNDS = 3
TOWN = "alencon"
Measure = Callable[[str, str, int], None]
Measured = tuple[float, float]  # seconds, and the peak of memory in MB


def programme() -> Programme:
    with tempfile.TemporaryDirectory() as room:
        return settings(Path(room), environ={}).programme()


def reads(log: str, models: str, total: int) -> None:
    store = open_store(log)
    assert sum(len(page) for page in pages(store, 0, store.head())) == total


def replays(log: str, models: str, total: int) -> None:
    figures(open_store(log), None, "all")


def replays_one_town(log: str, models: str, total: int) -> None:
    figures(open_store(log), total // 2, TOWN)


def figures(store: EventStore, position: int | None, territory: str) -> None:
    report = replay(store, position, programme())
    assert report.figures(territory, report.quarters()[-1])["indicators"]


def rebuilds(log: str, models: str, total: int) -> None:
    assert Reporting(models, programme(), open_store(log).read_at).rebuild(open_store(log)) == total


def bare(log: str, models: str, total: int) -> None:
    if log.startswith("postgres"):
        copied(log, total)
    else:
        selected(Path(log))


MEASURES: dict[str, Measure] = {"bare": bare, "read": reads, "replay": replays, "one town": replays_one_town, "rebuild": rebuilds}


def measured(name: str, log: str, models: str, total: int) -> Measured:
    start = time.perf_counter()
    MEASURES[name](log, models, total)
    return time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fresh() -> Pool:
    """One process for each measure: nothing is warm but the disk, and memory begins low."""
    return multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1)


def compared(store: str, log: str, models: str, total: int) -> None:
    with fresh() as pool:
        rounds = [{name: pool.apply(measured, (name, log, models, total)) for name in MEASURES} for _ in range(ROUNDS)]
    floor = [each["bare"][0] for each in rounds]
    for name in MEASURES:
        events = total // 2 if name == "one town" else total
        seconds = [each[name][0] for each in rounds]
        ratio = statistics.median(f / s * events / total for s, f in zip(seconds, floor, strict=True))
        peak = max(each[name][1] for each in rounds)
        rate = events / statistics.median(seconds)
        print(f"{store:9} {name:9} {events:>10,} events {rate:>10,.0f}/s   of bare {ratio:5.2f}   peak {peak:6,.0f} MB", flush=True)


def sqlite(events: int) -> None:
    with tempfile.TemporaryDirectory() as room:
        path = Path(room) / "log.sqlite"
        store = SqliteStore(path)
        grow(store, events)
        total = store.head()
        store.close()
        compared("sqlite", str(path), f"sqlite:///{room}/read_models.sqlite", total)


def postgres(dsn: str, events: int) -> None:
    store = PostgresStore(dsn)
    grow(store, events)
    total = store.head()
    store.close()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("vacuum analyze events")
    compared("postgres", dsn, dsn, total)


def main(postgres_dsn: str = "", events: int = 200_000) -> None:
    sqlite(events)
    if postgres_dsn:
        postgres(postgres_dsn, events)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("dsn", nargs="?", default="")
    parser.add_argument("events", nargs="?", type=int, default=200_000)
    asked = parser.parse_args()
    main(asked.dsn, asked.events)
