"""The audit of figures compares the ledger with the facts, and names the first wrong entry."""

from collections.abc import Sequence

from sqlalchemy import delete, select, update

from services.reporting.facts.tables import balance, entry
from services.reporting.queries.audit import Audit, audit_figures
from services.reporting.queries.reports import Reports
from shared.message import Recorded
from shared.store.port import EventStore
from tests.unit.reporting.history import History


class LogOf:
    """What a fold reads of a log."""

    def __init__(self, history: History) -> None:
        self.history = history

    def read_stream(self, stream: str) -> list[Recorded]:
        return []

    def read_as(self, shape: type[Recorded], after: int, limit: int) -> Sequence[Recorded]:
        return [event for event in self.history.events if event.position > after][:limit]


def history() -> History:
    one = History()
    one.meet("p1", "2023-01-10")
    one.meet("p2", "2023-02-10", "flers")
    one.coach("p1", "2023-02-01")
    return one


def audited(report: Reports) -> Audit:
    one = history()
    store: EventStore = LogOf(one)  # type: ignore[assignment]  # an audit reads no more of it
    return audit_figures(report, store)


def test_the_two_ways_agree(report: Reports) -> None:
    report.apply(history().events)
    found = audited(report)
    assert found.compared > 100
    assert not found.differences
    assert found.first_wrong_entry is None


def test_a_wrong_balance_is_found_and_no_entry_is_wrong(report: Reports) -> None:
    report.apply(history().events)
    with report.models.writing() as connection:
        connection.execute(update(balance).where(balance.c.side == "people_met.numerator", balance.c.territory == "flers").values(total=2))
    found = audited(report)
    assert {(each.indicator, each.territory) for each in found.differences} >= {("people_met", "flers"), ("people_met", "all")}
    assert found.first_wrong_entry is None


def test_the_first_wrong_entry_is_named(report: Reports) -> None:
    one = history()
    report.apply(one.events)
    met, place = one.events[2].position, (balance.c.side == "people_met.numerator", balance.c.territory == "flers")
    with report.models.writing() as connection:
        connection.execute(delete(entry).where(entry.c.position == met, entry.c.side == "people_met.numerator"))
        connection.execute(delete(balance).where(*place))
        assert connection.scalar(select(balance.c.total).where(*place)) is None
    found = audited(report)
    assert found.first_wrong_entry is not None
    missing = found.first_wrong_entry.folded
    assert missing is not None
    assert (missing.position, missing.side, missing.territory, missing.change) == (met, "people_met.numerator", "flers", 1)
