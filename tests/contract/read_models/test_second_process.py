"""A rebuild of a long log folds the ledger in a second process: it makes the same tables, and ends clearly when that process is killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.reporting.ledger.second_process import SecondProcess
from services.reporting.projection import fact_batch, rebuild
from services.reporting.projection.fact_batch import FactBatch
from services.reporting.projection.rebuild import Rebuild
from services.reporting.queries.reports import Reports
from shared.address import Address
from shared.errors import Unavailable
from shared.message import EventMessage
from shared.store.sqlite.store import SqliteStore
from tests.contract.read_models.tables import folded_in_memory, random_history, sqlite_log, table_contents
from tests.contract.read_models.test_as_of_laws import Decisions, ListedLog, decisions, with_decisions
from tests.contract.read_models.test_figure_laws import EXAMPLES
from tests.contract.read_models.test_ledger_laws import SECOND, unshrunk
from tests.forks import ROOT
from tests.unit.reporting.history import ORNE, History
from tests.unit.reporting.random_histories import Line, random_lines, recorded

MAX_ROWS, PAGE = 60, 11


@pytest.fixture(autouse=True)
def divided(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second process begins after a page, and a batch has a few pages, so that a small log is folded as a large one."""
    monkeypatch.setattr(rebuild, "CORES", 2)
    monkeypatch.setattr(rebuild, "PAGES_ALONE", 1)
    monkeypatch.setattr(rebuild, "READ_PAGE_SIZE", PAGE)
    monkeypatch.setattr(fact_batch, "MAX_ROWS", MAX_ROWS)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[SecondProcess]:
    """The second processes that were started."""
    found: list[SecondProcess] = []
    begin = SecondProcess.__init__

    def noted(self: SecondProcess, address: Address, schema: str | None) -> None:
        begin(self, address, schema)
        found.append(self)

    monkeypatch.setattr(SecondProcess, "__init__", noted)
    return found


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(sqlite_log(random_history(7, 20), tmp_path / "log.sqlite")) as store:
        yield store


def events_of(log: SqliteStore) -> list[EventMessage]:
    return log.read_all(0, 10_000)


def test_the_tables_are_those_of_one_process(report: Reports, log: SqliteStore, started: list[SecondProcess]) -> None:
    report.rebuild(log)
    assert [second.process.returncode for second in started] == [0]
    assert table_contents(report) == table_contents(folded_in_memory(events_of(log)))


@settings(unshrunk, max_examples=max(2, EXAMPLES // 12))
@given(lines=random_lines(), decided=decisions, share=st.floats(0, 1))
def test_they_are_so_of_every_history(report: Reports, lines: list[Line], decided: Decisions, share: float) -> None:
    """With merges, a version of the definitions that is published somewhere, and facts that are set aside."""
    events = recorded(lines).events
    published = History()
    published.record("reporting.DefinitionsPublished", "2022-06-01", "all", **SECOND)
    cut = 1 + int(share * (len(events) - 1))
    log = ListedLog(with_decisions([*events[:cut], published.events[-1], *events[cut:]], decided))
    report.rebuild(log)  # type: ignore[arg-type]  # it has what a rebuild asks of a log
    with pytest.MonkeyPatch.context() as patch, closing(Reports("sqlite://", ORNE, lambda positions: [])) as alone:
        patch.setattr(rebuild, "CORES", 1)
        alone.rebuild(log)  # type: ignore[arg-type]
        assert table_contents(report) == table_contents(alone)


def test_a_rebuild_whose_second_process_is_killed_fails_and_the_next_one_resumes(
    report: Reports, log: SqliteStore, started: list[SecondProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    report.apply(events_of(log)[:50])
    before = table_contents(report)
    committed: list[int] = []
    flush, add = Rebuild.flush, FactBatch.add

    def killing(self: Rebuild) -> None:
        if committed:
            os.kill(started[-1].process.pid, signal.SIGKILL)
        flush(self)
        committed.append(self.batch.checkpoint.position)

    monkeypatch.setattr(Rebuild, "flush", killing)
    with pytest.raises(Unavailable, match="ended, with code -9: the next one resumes"):
        report.rebuild(log)
    monkeypatch.setattr(Rebuild, "flush", flush)
    assert table_contents(report) == before
    added: list[int] = []

    def noted(self: FactBatch, events: list[EventMessage]) -> None:
        added.append(self.checkpoint.position)
        add(self, events)

    monkeypatch.setattr(FactBatch, "add", noted)
    report.rebuild(log)
    assert [added[0]] == committed
    assert table_contents(report) == table_contents(folded_in_memory(events_of(log)))


def test_it_ends_when_nobody_sends_any_more(url: str) -> None:
    second = SecondProcess(Address(url), None)
    second.outbox.put(None)
    assert second.process.wait(30) == 0
    second.close()


def test_a_rebuild_that_fails_leaves_no_process(
    report: Reports, log: SqliteStore, started: list[SecondProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: Rebuild) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(Rebuild, "try_swap", interrupted)
    with pytest.raises(KeyboardInterrupt):
        report.rebuild(log)
    assert [second.process.returncode for second in started] == [0]


BESIDE_GREEN_THREADS = """
import sys
import eventlet
eventlet.monkey_patch()
from shared.runtime.native_threads import import_native, native
import_native("tests.contract.read_models.green_rebuild")
from tests.contract.read_models.green_rebuild import rebuilt
eventlet.spawn(eventlet.sleep, 0)
native(rebuilt, *sys.argv[1:])
"""


def test_it_works_in_a_process_with_green_threads(tmp_path: Path) -> None:
    """As the services are: there, what `subprocess` reads from is green too, and a long answer came in pieces."""
    with closing(sqlite_log(random_history(3, 150), tmp_path / "log.sqlite")) as log:
        command = [sys.executable, "-W", "ignore", "-c", BESIDE_GREEN_THREADS, str(log.path), f"sqlite:///{tmp_path}/green.sqlite"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
        assert (done.returncode, done.stdout) == (0, "1 second process\n"), done.stderr
        with closing(Reports(f"sqlite:///{tmp_path}/green.sqlite", ORNE, log.read_at)) as report:
            assert table_contents(report) == table_contents(folded_in_memory(events_of(log)))
