"""What the product does with a log: prepared before the clock runs, in the process that runs it.

read        every event read and decoded
light fold  read, decoded, counted by kind and by town
figures     read, decoded, folded, and one quarter's figures asked: what `parcours replay` does
one town    the same up to half of the log, for one territory: `parcours replay --as-of`
rebuild     read, decoded, folded, every line of every timeline written, and the tables swapped
"""

import tempfile
from pathlib import Path

from services.bootstrap.settings import read_settings
from services.reporting.queries.replay import replay
from services.reporting.queries.reports import Programme, Reports
from shared.store.port import EventStore
from tests.bench.alone import Run
from tests.contract.store.writing import open_store

TOWN = "alencon"


def programme() -> Programme:
    with tempfile.TemporaryDirectory() as room:
        return read_settings(Path(room), environ={}).programme()


def figures(log: str, models: str) -> Run:
    store, known = open_store(log), programme()
    return lambda: asked(store, known, store.head(), "all")


def one_town(log: str, models: str) -> Run:
    store, known = open_store(log), programme()
    return lambda: asked(store, known, store.head() // 2, TOWN)


def asked(store: EventStore, known: Programme, position: int, territory: str) -> int:
    report = replay(store, position, known)
    assert report.figures(territory, report.quarters()[-1]).indicators
    return position  # these logs have no gaps


def rebuild(log: str, models: str) -> Run:
    store = open_store(log)
    reporting = Reports(models, programme(), store.read_at)
    return lambda: reporting.rebuild(store)
