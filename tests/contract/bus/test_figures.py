"""journey.figures, the stream that tells trusted back ends which figures moved, over a log, its read models and a broker."""

import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pika
import pytest
from pika.exceptions import ChannelClosedByBroker

from services.reporting.change_answers import FiguresMoved
from services.reporting.projection.generations import Generations
from services.reporting.queries.moved_windows import MovedWindows
from services.reporting.queries.reports import Reports
from shared.address import Address
from shared.bus.figures_relay import FiguresRelay
from shared.bus.names import FIGURES, SOLE
from shared.message import Position
from tests.contract.bus.figures_stream import messages
from tests.contract.bus.running import Bus
from tests.contract.bus.test_relay import DyingCheckpoints
from tests.contract.read_models.moves import changed_figures, named
from tests.contract.read_models.tables import random_history, sqlite_log
from tests.processes import eventually
from tests.servers import RabbitmqServer
from tests.unit.reporting.history import ORNE

WINDOW = 12  # entries: some events of this history
BEGIN, MIDDLE = 6, 40  # events that were recorded before the stream began, and before the test


class Figures:
    """A log of which the read models have the first events, and loops that tell what moved."""

    def __init__(self, uri: str, folder: Path) -> None:
        self.uri, self.models = uri, Address(f"sqlite:///{folder}/read.sqlite")
        self.log = sqlite_log(random_history(7, 6), folder / "log.sqlite")
        self.bus = Bus(uri, folder, self.log)
        self.events = self.log.read_all(0)
        self.reports = self.of_version("a" * 16)
        self.apply(MIDDLE)

    def of_version(self, name: str) -> Reports:
        """The read models as the release of a version has them."""
        return Reports(Generations(self.models, self.bus.checkpoints, name).place(), ORNE, self.log.read_at, self.log)

    def apply(self, count: int) -> Position:
        """Let the read models reach so many events."""
        return self.reports.apply(self.events[:count])

    def begin(self) -> Position:
        self.bus.checkpoints.save(FIGURES, self.events[BEGIN].position)
        return self.events[BEGIN].position

    def relay(self, checkpoints: Any = None, reports: Reports | None = None, answers: threading.Event | None = None) -> FiguresRelay:
        moves = MovedWindows(reports or self.reports, self.log)
        begun = answers.is_set if answers else lambda: True
        relay = FiguresRelay(moves, checkpoints or self.bus.checkpoints, self.uri, SOLE, begun, window_size=WINDOW)
        self.bus.start(relay)
        return relay

    def told(self, until: Position) -> list[FiguresMoved]:
        """The messages of the stream, once they are told up to a position."""
        eventually(lambda: self.bus.checkpoints.load(FIGURES) >= until, f"that what moved until {until} is told")
        return messages(self.uri)

    def misses(self, found: list[FiguresMoved], after: Position, until: Position) -> set[Any]:
        """Figures that differ between two positions and are not named by the messages, as a reader hears them."""
        changed = changed_figures(self.reports, after, until)
        assert changed
        return changed - named((cell for message in found for cell in message.cells), changed)

    def close(self) -> None:
        self.bus.close()
        self.reports.close()


@pytest.fixture
def figures(rabbitmq_uri: str, tmp_path: Path) -> Iterator[Figures]:
    with closing(Figures(rabbitmq_uri, tmp_path)) as made:
        yield made


def test_messages_come_in_order_and_name_what_moved_up_to_the_read_models(figures: Figures) -> None:
    begun = figures.begin()
    figures.relay()
    reached = figures.reports.position()
    found = figures.told(reached)
    assert len(found) > 3
    assert [message.position for message in found] == sorted({message.position for message in found})
    assert begun < found[0].position
    assert found[-1].position <= reached < figures.log.head()
    assert figures.misses(found, begun, reached) == set()
    later = figures.apply(len(figures.events))
    assert figures.misses(figures.told(later)[len(found) :], reached, later) == set()
    assert found[0].type == "fr.parcours.reporting.FiguresMoved"


def test_a_new_stream_begins_at_the_end_of_the_log(figures: Figures) -> None:
    """What moved before is no news, also where the read models have not got so far yet."""
    figures.relay()
    head = figures.log.head()
    assert figures.told(head) == []
    figures.apply(len(figures.events))
    figures.bus.record(1, "reporting.Nothing")
    assert figures.told(head) == []


@pytest.mark.parametrize("after", [False, True], ids=["before it saves", "after it saved"])
def test_a_loop_killed_around_its_checkpoint_repeats_and_loses_nothing(figures: Figures, after: bool) -> None:
    begun, reached = figures.begin(), figures.reports.position()
    dying = DyingCheckpoints(figures.bus.checkpoints, after)
    figures.relay(dying)
    found = figures.told(reached)
    positions = [message.position for message in found]
    assert dying.died
    repeated = [at for at, position in enumerate(positions) if at and position <= positions[at - 1]]
    assert len(repeated) == (0 if after else 1)
    seen, heard = begun, []
    for message in found:
        if message.position > seen:
            seen = message.position
            heard.append(message)
    assert figures.misses(heard, begun, reached) == set()


def test_one_loop_is_active_and_the_other_takes_over(figures: Figures) -> None:
    figures.begin()
    first = figures.relay()
    eventually(lambda: first.active)
    second = figures.relay()
    reached = figures.reports.position()
    early = figures.told(reached)
    assert not second.active
    figures.bus.stop(first)
    eventually(lambda: second.active)
    later = figures.apply(len(figures.events))
    found = figures.told(later)
    assert found[: len(early)] == early
    assert {message.position for message in found[len(early) :]} > {later}
    assert figures.misses(found[len(early) :], reached, later) == set()


def test_during_an_upgrade_the_version_that_answers_tells_and_the_next_goes_on_from_there(figures: Figures) -> None:
    begun = figures.begin()
    turn, newer = threading.Event(), figures.of_version("b" * 16)
    older = figures.relay()
    reached = figures.reports.position()
    newer.apply(figures.events)
    next_one = figures.relay(reports=newer, answers=turn)
    early = figures.told(reached)
    figures.bus.stop(older)
    assert figures.told(reached) == early
    assert not next_one.active
    turn.set()
    found = figures.told(figures.log.head())
    assert found[: len(early)] == early
    positions = [message.position for message in found]
    assert positions == sorted({*positions})
    figures.apply(len(figures.events))
    assert figures.misses(found, begun, figures.log.head()) == set()
    figures.bus.stop(next_one)
    newer.close()


def test_it_waits_while_the_read_models_are_made_again(figures: Figures) -> None:
    begun, reached, relay = figures.begin(), figures.reports.position(), figures.relay()
    figures.told(reached)
    figures.reports.close()
    for file in figures.bus.folder.glob("read-*"):
        file.unlink()
    figures.reports.models.create()
    eventually(lambda: not relay.active, "that it waits")
    later = figures.reports.rebuild(figures.log)
    assert figures.misses(figures.told(later), begun, later) == set()


def test_what_nobody_foresaw_is_logged_and_tried_again(figures: Figures, monkeypatch: pytest.MonkeyPatch) -> None:
    """No service of the process ends for it."""
    begun, reached, failures = figures.begin(), figures.reports.position(), [KeyError("unforeseen")]
    moved_next = figures.reports.moved_next

    def failing(after: Position, limit: int) -> Any:
        if failures:
            raise failures.pop()
        return moved_next(after, limit)

    monkeypatch.setattr(figures.reports, "moved_next", failing)
    figures.relay()
    assert figures.misses(figures.told(reached), begun, reached) == set()
    assert not failures


def test_a_stream_that_was_deleted_is_declared_again(figures: Figures) -> None:
    figures.begin()
    figures.relay()
    reached = figures.reports.position()
    figures.told(reached)
    with pika.BlockingConnection(pika.URLParameters(figures.uri)) as connection, suppress(ChannelClosedByBroker):
        connection.channel().queue_delete(SOLE.figures)
    later = figures.apply(len(figures.events))
    assert figures.misses(figures.told(later), reached, later) == set()


@pytest.mark.long
def test_a_broker_that_is_away_is_waited_for(own_rabbitmq: RabbitmqServer, tmp_path: Path) -> None:
    with closing(Figures(own_rabbitmq.uri, tmp_path)) as figures:
        begun = figures.begin()
        relay = figures.relay()
        reached = figures.reports.position()
        figures.told(reached)
        own_rabbitmq.kill()
        later = figures.apply(len(figures.events))
        eventually(lambda: not relay.active, "that the loop waits")
        own_rabbitmq.start()
        assert figures.misses(figures.told(later), begun, later) == set()
