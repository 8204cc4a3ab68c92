"""A rebuild with a second process, for a process whose threads are green."""

from contextlib import closing
from pathlib import Path
from unittest.mock import patch

from services.reporting.ledger.second_process import SecondProcess
from services.reporting.projection import rebuild
from services.reporting.queries.reports import Reports
from shared.store.sqlite.store import SqliteStore
from tests.unit.reporting.history import ORNE


def rebuilt(log: str, models: str) -> None:
    """Print how many second processes folded the log."""
    started: list[SecondProcess] = []
    begin = SecondProcess.__init__

    def noted(self: SecondProcess, *where: object) -> None:
        begin(self, *where)  # type: ignore[arg-type]  # as it is called
        started.append(self)

    with (
        patch.object(rebuild, "CORES", 2),
        patch.object(rebuild, "PAGES_ALONE", 1),
        patch.object(rebuild, "READ_PAGE_SIZE", 100),
        patch.object(SecondProcess, "__init__", noted),
        closing(SqliteStore(Path(log))) as store,
        closing(Reports(models, ORNE, store.read_at)) as reports,
    ):
        reports.rebuild(store)
    print(len(started), "second process")
