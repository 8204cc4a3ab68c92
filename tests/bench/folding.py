"""What the product does with a log. Each function prepares the work, which is not measured, and returns the work to be measured.

read        every event read and decoded
light fold  read, decoded, counted by kind and by town
figures     read, decoded, folded, and the figures of one quarter computed: what `parcours replay` does
one town    the same for one territory and half of the log: `parcours replay --as-of`
facts       read, decoded, folded, all facts and timelines written, and the tables swapped
alone       the same with the ledger, in one process
rebuild     the same with the ledger, in two processes if there are as many cores: what `parcours rebuild` does
"""

import tempfile
from pathlib import Path

from services.bootstrap.settings import read_settings
from services.reporting.projection import rebuild as projection
from services.reporting.projection.code_version import version
from services.reporting.projection.database import Place
from services.reporting.queries.replay import replay
from services.reporting.queries.reports import Reports
from services.vocabulary.programme import Programme
from shared.address import Address
from shared.store.port import EventStore
from tests.bench.own_process import Run
from tests.contract.store.writing import open_store

TOWN = "alencon"


def programme() -> Programme:
    with tempfile.TemporaryDirectory() as folder:
        return read_settings(Path(folder), environ={}).programme()


def figures(log: str, models: str) -> Run:
    store, rules = open_store(log), programme()
    return lambda: replay_figures(store, rules, store.head(), "all")


def one_town(log: str, models: str) -> Run:
    store, rules = open_store(log), programme()
    return lambda: replay_figures(store, rules, store.head() // 2, TOWN)


def replay_figures(store: EventStore, programme: Programme, position: int, territory: str) -> int:
    report = replay(store, position, programme)
    assert report.figures(territory, report.quarters()[-1]).indicators
    return position  # which is the number of events: these logs have no gaps


class FactsAlone(Reports):
    has_ledger = False


def facts(log: str, models: str) -> Run:
    """In tables of their own, which have no ledger to compare with."""
    place = f"{models}.facts" if models.startswith("sqlite") else Place(Address(models), "facts_alone", version())
    return rebuild(log, place, FactsAlone)


def alone(log: str, models: str) -> Run:
    projection.CORES = 1
    return rebuild(log, models)


def rebuild(log: str, models: str | Place, kind: type[Reports] = Reports) -> Run:
    store = open_store(log)
    reporting = kind(models, programme(), store.read_at)
    return lambda: reporting.rebuild(store)
