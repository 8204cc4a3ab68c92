"""Two versions of the facts side by side in each database: each is read and written by its own release, and one of them answers."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from services.reporting.list_answers import ListQuestion
from services.reporting.projection import turn as turns
from services.reporting.projection.generations import UNNAMED, Generations, lease
from services.reporting.projection.projector import Projector
from services.reporting.projection.read_models import NotFilled
from services.reporting.projection.turn import Turn
from services.reporting.queries.reports import Reports
from shared.address import Address
from shared.errors import Refused
from shared.message import EventMessage, Position
from shared.store.port import Checkpoints
from shared.store.sqlite.checkpoints import SqliteCheckpoints
from shared.store.sqlite.store import SqliteStore
from tests.contract.read_models.tables import folded_in_memory, random_history, sqlite_log, table_contents
from tests.processes import eventually
from tests.unit.reporting.history import ORNE

OLD, NEW, NEXT = "0" * 16, "a" * 16, "f" * 16
WAIT_S = 0.3  # some times the interval at which a turn looks here
NOT_COUNTED = "p2"  # whom the newer version leaves out


@pytest.fixture(autouse=True)
def looking_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "POLL_INTERVAL_S", 0.05)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(sqlite_log(random_history(7, 12), tmp_path / "log.sqlite")) as store:
        yield store


@pytest.fixture
def checkpoints(tmp_path: Path) -> Iterator[Checkpoints]:
    with closing(SqliteCheckpoints(tmp_path / "checkpoints.sqlite")) as opened:
        yield opened


@pytest.fixture
def release(url: str, log: SqliteStore, checkpoints: Checkpoints) -> Iterator[Callable[[str], Reports]]:
    """The read models as the release of a version opens them."""
    with ExitStack() as opened:

        def of(name: str) -> Reports:
            place = Generations(Address(url), checkpoints, name).place()
            return opened.enter_context(closing(Reports(place, ORNE, log.read_at, log)))

        yield of


def events_of(log: SqliteStore) -> list[EventMessage]:
    return log.read_all(0, 10_000)


def people(report: Reports, after: list[str] | None = None, limit: int = 100) -> list[str]:
    return [line.person for line in report.listing(ListQuestion("people", {}, "person", limit, after))]


def fold_otherwise(report: Reports) -> None:
    """Change the facts as another fold would have them."""
    with report.models.writing() as connection:
        connection.execute(text(f"DELETE FROM standing WHERE person = '{NOT_COUNTED}'"))


class Halfway(SqliteStore):
    """A log that calls back while it is read."""

    called: Callable[[], None]

    def head(self) -> Position:
        self.called()
        return super().head()


def test_each_release_answers_from_its_own_tables_while_the_others_are_filled_and_after(
    release: Callable[[str], Reports], log: SqliteStore
) -> None:
    events = events_of(log)
    old, new = release(OLD), release(NEW)
    old.apply(events[:40])
    seen: list[Position] = []

    def meanwhile() -> None:
        """The older release reads, and goes on with its own tables."""
        seen.append(old.apply(events[: min(40 + 10 * len(seen), len(events))]))
        assert people(old)
        with pytest.raises(NotFilled):
            new.position()

    store = Halfway(log.path)
    store.called = meanwhile
    with pytest.raises(NotFilled):
        people(new)
    assert new.rebuild(store) == log.head()
    store.close()
    assert seen[-1] > 40
    fold_otherwise(new)
    first = people(old, limit=2)
    assert NOT_COUNTED in people(old)
    assert people(new, after=first[-1:]) == [one for one in people(new) if one > first[-1]], "the next page of a list"
    new.apply(events)
    before = old.position()
    old.apply(events)  # the older release is started again
    assert before < old.position() == new.position()
    assert [one for one in people(old) if one != NOT_COUNTED] == people(new)
    assert table_contents(old) == table_contents(folded_in_memory(events))


def does_not_answer(turn: Turn) -> bool:
    return not turn.begun.wait(WAIT_S) and not turn.may_answer()


@contextmanager
def waiting(turn: Turn) -> Iterator[Turn]:
    thread = threading.Thread(target=turn.run)
    thread.start()
    try:
        yield turn
    finally:
        turn.stop()
        thread.join(30)


def test_one_version_answers_and_the_next_one_begins_when_no_process_of_it_is_left(
    url: str, release: Callable[[str], Reports], log: SqliteStore, checkpoints: Checkpoints
) -> None:
    def turn(name: str) -> Turn:
        report = release(name)
        return Turn(Generations(Address(url), checkpoints, name), checkpoints, report.position, log.head, lambda: False)

    release(OLD).rebuild(log)
    with ExitStack() as still:
        first, second = (still.enter_context(waiting(turn(OLD))) for _ in range(2))
        eventually(lambda: first.may_answer() and second.may_answer(), "both processes of the release answer")
        with waiting(turn(NEW)) as new:
            assert does_not_answer(new), "its tables are empty"
            release(NEW).rebuild(log)
            assert does_not_answer(new), "the older release answers"
            first.stop()
            assert does_not_answer(new), "one process of the older release is left"
            second.stop()
            eventually(new.may_answer, "nobody else answers")
            with waiting(turn(OLD)) as returned:
                assert does_not_answer(returned), "the newer release answers"


def test_a_release_before_generations_answers_as_long_as_its_projector_runs(
    url: str, release: Callable[[str], Reports], log: SqliteStore, checkpoints: Checkpoints
) -> None:
    with closing(Reports(url, ORNE, log.read_at)) as unnamed:
        unnamed.apply(events_of(log))
        new = release(NEW)
        new.rebuild(log)
        asked = Turn(Generations(Address(url), checkpoints, NEW), checkpoints, new.position, log.head, lambda: False)
        with checkpoints.lease("reporting.inbox", 0) as held, waiting(asked):
            assert held
            assert does_not_answer(asked)
            assert [each.name for each in asked.generations.others()] == [UNNAMED]
        assert unnamed.position() == log.head()


def test_who_takes_over_has_reached_what_the_others_had_shown(
    url: str, release: Callable[[str], Reports], log: SqliteStore, checkpoints: Checkpoints
) -> None:
    release(OLD).apply(events_of(log))
    new = release(NEW)
    new.apply(events_of(log)[:-1])
    turn = Turn(Generations(Address(url), checkpoints, NEW), checkpoints, new.position, log.head, lambda: False)
    turn.target = new.position()  # the head of the log at its start
    with waiting(turn):
        assert does_not_answer(turn)
        new.apply(events_of(log))
        eventually(turn.may_answer, "it has reached the head")


def test_who_cannot_go_on_shows_what_it_has_while_nobody_else_answers(
    url: str, release: Callable[[str], Reports], log: SqliteStore, checkpoints: Checkpoints
) -> None:
    report = release(NEW)
    report.apply(events_of(log)[:-1])
    with waiting(Turn(Generations(Address(url), checkpoints, NEW), checkpoints, report.position, log.head, lambda: True)) as turn:
        eventually(turn.may_answer, "its turn")


def test_an_upgrade_keeps_one_generation_more_and_drops_none_that_is_in_use(
    url: str, release: Callable[[str], Reports], log: SqliteStore, checkpoints: Checkpoints
) -> None:
    def names() -> list[str]:
        return [each.name for each in Generations(Address(url), checkpoints, NEXT).all()]

    with closing(Reports(url, ORNE, log.read_at)) as unnamed:
        unnamed.apply(events_of(log)[:20])
    release(OLD).apply(events_of(log)[:30])
    release(NEW).apply(events_of(log))
    generations = Generations(Address(url), checkpoints, NEXT)
    next_one = release(NEXT)
    with checkpoints.lease(lease(UNNAMED), 0):
        assert Projector(next_one, log, generations.drop_superseded).checkpoint() == log.head()
        assert names() == [NEXT, NEW, UNNAMED]
        with pytest.raises(Refused, match="generation_in_use"):
            generations.drop(UNNAMED)
    generations.drop(UNNAMED)
    generations.drop(NEW)
    assert names() == [NEXT]
    assert table_contents(next_one) == table_contents(folded_in_memory(events_of(log)))
    for name, code in ((NEXT, "generation_own"), (OLD, "generation_unknown")):
        with pytest.raises(Refused, match=code):
            generations.drop(name)


def test_dropping_the_tables_of_the_first_releases_leaves_what_is_beside_them(
    postgres_dsn: str, log: SqliteStore, checkpoints: Checkpoints
) -> None:
    with closing(Reports(postgres_dsn, ORNE, log.read_at)) as unnamed, unnamed.models.writing() as connection:
        connection.execute(text("CREATE TABLE events (of_the_log int)"))
        connection.execute(
            text("DROP TABLE entry, balance, subtotal, span, filling, filled, person_merge")
        )  # which the first releases had not
    generations = Generations(Address(postgres_dsn), checkpoints, NEW)
    generations.drop(UNNAMED)
    assert generations.engine is not None
    with generations.engine.connect() as connection:
        left = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars().all()
    assert left == ["events"]
