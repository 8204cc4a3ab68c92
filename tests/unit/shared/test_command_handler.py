"""The command handler: load, fold, decide, append; and the same command always gets the same answer."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from msgspec import UNSET

from services.vocabulary.calendar import ZONE
from services.vocabulary.french import VALIDATION
from shared.admission import Admission
from shared.command_batch import handle_many
from shared.command_handler import CommandHandler, event_id
from shared.command_type import Answer
from shared.decider import Decider
from shared.errors import Conflict, Forbidden, Invalid, Refused
from shared.message import Actor, CommandMessage, EventMessage
from shared.store.port import Append, Appended
from shared.store.sqlite.store import SqliteStore
from shared.trust.access import Identity, Permissions
from tests.unit.shared import counter

NOW = datetime(2024, 5, 2, 9, 30, tzinfo=UTC)
COACH = Identity(Actor("c-1", "coach", "etape"), ("alencon",))
ALLOWED = Permissions({("coach", "Count"): "territory"})


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    return SqliteStore(tmp_path / "log.sqlite")


def handler(store: Any, decider: Decider[Any, Any, Any] = counter.decider) -> CommandHandler:
    return CommandHandler([decider], store, ALLOWED, Admission(lambda: NOW, ZONE, VALIDATION))


def count(step: int = 1, name: str = "a", *, id: UUID | None = None, territory: str = "alencon", time: datetime = NOW) -> CommandMessage:
    data = {"name": name, "step": step}
    return CommandMessage(id=id or uuid4(), type="Count", actor=COACH.actor, territory=territory, time=time, data=data)


def log(store: SqliteStore) -> list[EventMessage]:
    return store.read_all(0)


def test_an_accepted_command_is_recorded_with_who_when_where_and_why(store: SqliteStore) -> None:
    message = count(3)
    handler(store).handle(message, COACH)
    (event,) = log(store)
    assert (event.kind, event.subject, event.streamversion, event.territory) == ("tests.Counted", "counter-a", 1, "alencon")
    assert (event.actor, event.commandid, event.correlationid, event.time) == (COACH.actor, message.id, str(message.id), NOW)
    assert event.id == event_id(message.id, "counter-a", 0)


def test_the_same_command_gets_the_same_answer_even_when_it_would_be_refused_now(store: SqliteStore) -> None:
    first = count(5)
    answer = handler(store).handle(first, COACH)
    full = handler(store).handle(count(5), COACH)
    assert full.events == ["Counted", "Overflowed"]
    assert handler(store).handle(first, COACH) == answer
    assert len(log(store)) == 3


def test_an_event_without_a_digest_answers_as_before(store: SqliteStore) -> None:
    """Of a policy, or of a log that was written before digests were kept."""
    first = count(1)
    answer = handler(store).handle(first, COACH)
    assert handler(store).handle(msgspec.structs.replace(first, digest="d"), COACH) == answer


def test_no_two_events_have_one_id_even_where_a_command_id_is_used_twice(store: SqliteStore) -> None:
    """A caller's mistake, and its own: but who follows the log knows events by their ids."""
    first = count(5, "a")
    handler(store).handle(first, COACH)
    handler(store).handle(count(5, "b", id=first.id), COACH)
    ids = [event.id for event in log(store)]
    assert len(set(ids)) == len(ids) == 2


def test_a_refused_command_records_nothing(store: SqliteStore) -> None:
    handler(store).handle(count(5), COACH)
    handler(store).handle(count(5), COACH)
    with pytest.raises(Refused) as refusal:
        handler(store).handle(count(1), COACH)
    assert refusal.value.code == "over_the_limit"
    assert len(log(store)) == 3


def test_an_actor_acts_only_where_and_as_it_may(store: SqliteStore) -> None:
    with pytest.raises(Forbidden):
        handler(store).handle(count(territory="flers"), COACH)
    with pytest.raises(Forbidden):
        handler(store).handle(count(), Identity(Actor("x", "auditor"), ("alencon",)))
    assert log(store) == []


def test_invalid_data_is_refused_with_its_faults(store: SqliteStore) -> None:
    with pytest.raises(Invalid) as refusal:
        handler(store).handle(count(9), COACH)
    assert list(refusal.value.faults) == ["step"]


def test_a_fact_is_not_recorded_before_it_happened(store: SqliteStore) -> None:
    with pytest.raises(Invalid) as refusal:
        handler(store).handle(count(time=NOW + timedelta(seconds=1)), COACH)
    assert refusal.value.faults == {"time": [VALIDATION.in_the_future]}


def test_the_day_of_a_fact_is_the_day_in_the_programme_s_country(store: SqliteStore) -> None:
    """23:30 in UTC on 1 May is already 2 May in Paris."""
    handler(store).handle(count(time=datetime(2024, 5, 1, 23, 30, tzinfo=UTC)), COACH)
    assert b'"on":"2024-05-02"' in bytes(log(store)[0].data)


def test_an_anonymous_aggregate_records_no_actor_and_no_link(store: SqliteStore) -> None:
    handler(store, counter.anonymous).handle(count(), COACH)
    (event,) = log(store)
    assert (event.actor.id, event.correlationid, event.causationid) == ("anonymous", UNSET, UNSET)


class Racing:
    """A store in which another writer appends first, once."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.raced = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def append(self, append: Append) -> Appended:
        if not self.raced:
            self.raced = True
            handler(self.store).handle(count(4), COACH)
        return self.store.append(append)

    def append_many(self, appends: list[Append]) -> list[Appended | Conflict]:
        if not self.raced:
            self.raced = True
            handler(self.store).handle(count(4), COACH)
        return self.store.append_many(appends)


def test_a_lost_race_is_decided_again_on_what_is_now_true(store: SqliteStore) -> None:
    handler(store).handle(count(5), COACH)
    with pytest.raises(Refused):
        handler(Racing(store)).handle(count(2), COACH)
    assert len(log(store)) == 2


def test_a_batch_answers_each_command_in_its_place(store: SqliteStore) -> None:
    same = count(1)
    batch = [count(5), same, count(9), same, count(4), count(1), count(2, "b")]
    results = handle_many(handler(store), [(message, COACH) for message in batch])
    assert [type(result) for result in results] == [Answer, Answer, Invalid, Answer, Answer, Refused, Answer]
    assert results[1] == results[3]
    assert handle_many(handler(store), [(message, COACH) for message in batch[:2]]) == results[:2]


def test_a_batch_that_loses_a_race_decides_again(store: SqliteStore) -> None:
    results = handle_many(handler(Racing(store)), [(count(5), COACH), (count(2), COACH), (count(1, "b"), COACH)])
    assert [type(result) for result in results] == [Answer, Refused, Answer]
    counted = [msgspec.json.decode(event.data, type=counter.Counted) for event in log(store) if event.subject == "counter-a"]
    assert sum(event.step for event in counted) == 9


def test_concurrent_commands_on_one_stream_are_all_recorded(store: SqliteStore) -> None:
    together = handler(store)
    with ThreadPoolExecutor(8) as hands:
        answers = list(hands.map(lambda _: together.handle(count(1), COACH), range(9)))
    assert sorted(answer.version for answer in answers) == list(range(1, 10))


def test_a_clock_that_is_behind_the_log_s_is_told_to_operators_once_a_minute(store: SqliteStore, caplog: pytest.LogCaptureFixture) -> None:
    handler(store).handle(count(1, time=NOW), COACH)  # recorded today, by the clock of the machine
    behind = handler(store)
    for _ in range(3):
        behind.handle(count(1), COACH)
    assert [record.message.partition(" by ")[0] for record in caplog.records] == ["this clock is behind the log's"]
