"""Appending: versions and positions, conflicts, repeated appends, limits and invalid events."""

from random import Random
from string import ascii_letters
from uuid import UUID

import pytest

from shared.errors import Conflict, TooLarge, Unrecordable
from shared.message import Actor
from shared.store.port import BODY_LIMIT, NAME_LIMIT, Append, Appended, EventStore, NewEvent
from tests.contract.store.invariants import assert_log_invariants
from tests.contract.store.writing import all_events, append, event

ID = UUID("5c6c2f5e-4b0f-4f0e-9d7e-6a1f0c9b7d11")
DIFFICULT_DATA = {
    "a character that PostgreSQL's text cannot hold": b'{"text":"\\u0000"}',
    "text like the event's own id": b'{"id":"%s"}' % str(ID).encode(),
    "text like the log's own fields": b'{"recordedtime":"2024","id":"%s"}' % str(ID).encode(),
}


def test_events_take_the_versions_after_the_expected_one(store: EventStore) -> None:
    first = store.append(append("a", 0, size=2))
    second = store.append(append("a", 2))
    assert (first.version, second.version) == (2, 3)
    assert first.position < second.position == store.head()
    assert [event.streamversion for event in store.read_stream("a")] == [1, 2, 3]


@pytest.mark.parametrize("expected", [0, 1, 3, 7])
def test_another_version_than_the_expected_one_is_a_conflict_and_writes_nothing(store: EventStore, expected: int) -> None:
    store.append(append("a", 0, size=2))
    with pytest.raises(Conflict) as caught:
        store.append(append("a", expected))
    assert (caught.value.stream, caught.value.expected, caught.value.actual) == ("a", expected, 2)
    assert len(all_events(store)) == 2


def test_repeated_events_get_their_first_answer(store: EventStore) -> None:
    original = append("a", 0, size=3)
    first = store.append(original)
    assert store.append(original) == first
    assert len(all_events(store)) == 3


def test_repeated_events_get_their_first_answer_after_newer_events(store: EventStore) -> None:
    original = append("a", 0, size=2)
    first = store.append(original)
    store.append(append("a", 2, size=3))
    assert store.append(original) == first
    assert len(all_events(store)) == 5


def test_repeating_only_some_of_the_events_is_a_conflict(store: EventStore) -> None:
    original = append("a", 0, size=2)
    store.append(original)
    first, second = original.events
    for events in ([first, event("a")], [first, second, event("a")], [second, first], [second]):
        with pytest.raises(Conflict):
            store.append(Append("a", 0, events))
    assert len(all_events(store)) == 2


def test_each_of_many_appends_is_judged_on_its_own_in_order(store: EventStore) -> None:
    repeated = append("a", 0, size=2)
    first = store.append(repeated)
    outcomes = store.append_many([append("b"), repeated, append("a", 1), append("b", 1, size=2), append("c", 4), append("c")])
    assert [type(outcome) for outcome in outcomes] == [Appended, Appended, Conflict, Appended, Conflict, Appended]
    assert outcomes[1] == first
    assert [event.subject for event in all_events(store)] == ["a", "a", "b", "b", "b", "c"]
    assert outcomes[-1] == Appended(store.head(), 1)


@pytest.mark.parametrize("sizes", [(1, 1, 1), (2, 1, 3)])
def test_appends_to_different_streams_in_one_call_are_recorded_whole_and_in_their_order(store: EventStore, sizes: tuple[int, ...]) -> None:
    store.append(append("b", 0, size=2))
    before = store.head()
    appends = [append(stream, expected, size) for stream, expected, size in zip("abc", (0, 2, 0), sizes, strict=True)]
    outcomes = store.append_many(appends)
    recorded = store.read_all(before)
    assert [event.id for event in recorded] == [event.id for each in appends for event in each.events]
    for each, outcome in zip(appends, outcomes, strict=True):
        assert isinstance(outcome, Appended)
        own = [event for event in recorded if event.subject == each.stream]
        assert [event.streamversion for event in own] == [*range(each.expected + 1, outcome.version + 1)]
        assert (len(own), own[-1].position) == (len(each.events), outcome.position)
    assert_log_invariants(all_events(store))
    assert store.append_many(appends) == outcomes
    assert store.append_many([append("d"), appends[1]])[1] == outcomes[1]
    assert isinstance(store.append_many([append("e"), append("a", 0)])[1], Conflict)
    assert len(all_events(store)) == 2 + sum(sizes) + 2


def test_no_appends_have_no_outcomes(store: EventStore) -> None:
    assert store.append_many([]) == []
    assert store.head() == 0


def test_an_append_twice_in_one_call_is_recorded_once(store: EventStore) -> None:
    original = append("a")
    assert store.append_many([original, original]) == [Appended(store.head(), 1)] * 2
    assert len(all_events(store)) == 1


def test_a_body_at_the_limit_is_stored_and_one_byte_more_is_too_large(store: EventStore) -> None:
    spare = BODY_LIMIT - len(event("a", data=b'""').body)
    store.append(Append("a", 0, [event("a", data=b'"' + b"x" * spare + b'"')]))
    with pytest.raises(TooLarge):
        store.append_many([append("b"), Append("a", 1, [event("a", data=b'"' + b"x" * (spare + 1) + b'"')])])
    assert [len(bytes(event.data)) for event in all_events(store)] == [spare + 2]


def test_every_field_comes_back_as_it_was_written(store: EventStore) -> None:
    new = event("é-⚙", data='{"text":"l’été, \\u0000 \\"ça\\" \\n","n":-1.5e3}'.encode())
    answer = store.append(Append("é-⚙", 0, [new]))
    (read,) = store.read_stream("é-⚙")
    assert (read.id, read.type, read.subject, read.position, read.streamversion) == (new.id, new.type, "é-⚙", answer.position, 1)
    assert (read.kind, read.dataschema, read.actor, read.territory) == (
        "counting.Counted",
        "urn:parcours:counting.Counted:1",
        Actor("c-1", "coach", "étape"),
        "alencon",
    )
    assert bytes(read.data) == '{"text":"l’été, \\u0000 \\"ça\\" \\n","n":-1.5e3}'.encode()


@pytest.mark.parametrize("data", DIFFICULT_DATA.values(), ids=DIFFICULT_DATA)
def test_repeated_events_are_recognised_whatever_their_data(store: EventStore, data: bytes) -> None:
    original = Append("a", 0, [event("a", ID, data), event("a", data=data)])
    first = store.append(original)
    assert store.append(original) == first
    for other in (append("a", 0, 2), Append("a", 0, [event("a", data=data), original.events[1]]), Append("a", 0, [original.events[0]] * 2)):
        assert [type(outcome) for outcome in store.append_many([other, original])] == [Conflict, Appended]
    assert store.append(append("a", 2)).version == 3
    assert [event.id for event in all_events(store)][:2] == [event.id for event in original.events]


@pytest.mark.parametrize("size", [1, 2, 511, 512, 513, 1_500])
def test_appends_of_any_size_are_read_back_completely(store: EventStore, size: int) -> None:
    original = append("a", 0, size)
    assert store.append(original).version == size
    assert [event.id for event in store.read_stream("a")] == [event.id for event in original.events]


VALID = event("a", data=b"{}")
UNREADABLE = {
    "nothing": b"",
    "empty": b"{}",
    "two lines": VALID.body.replace(b'"data":', b'"data":\n'),
    "no JSON": VALID.body.replace(b'"data":{}', b'"data":nothing'),
    "more than JSON": VALID.body + b"}",
    "an unpaired surrogate": VALID.body.replace(b'"data":{}', b'"data":"\\ud800"'),
    "no UTF-8": VALID.body.replace(b'"data":{}', b'"data":"\xff"'),
    "too deep": VALID.body.replace(b'"data":{}', b'"data":' + b"[" * 20_000 + b"]" * 20_000),
    "a missing field": VALID.body.replace(b'"territory":"alencon",', b""),
    "an invalid time": VALID.body.replace(b'"time":"2024', b'"time":"soon'),
    "another id": event("a").body,
    "another type": VALID.body.replace(b"counting.Counted", b"counting.Forged"),
    "a field of the log": VALID.body.replace(b'"data":', b'"position":9,"data":'),
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_body_is_refused_and_other_appends_go_on(store: EventStore, body: bytes) -> None:
    invalid = NewEvent(VALID.id, VALID.type, body)
    with pytest.raises(Unrecordable):
        store.append(Append("a", 0, [VALID, invalid]))
    with pytest.raises(Unrecordable):
        store.append_many([append("b"), Append("a", 0, [invalid])])
    store.append(append("a"))
    assert [event.streamversion for event in all_events(store)] == [1]


@pytest.mark.parametrize("name", ["", "a\0b", "\ud800"])
def test_a_name_that_some_log_cannot_store_is_refused_by_all(store: EventStore, name: str) -> None:
    with pytest.raises(Unrecordable):
        store.append(Append(name, 0, [VALID]))
    assert store.head() == 0


def test_the_rules_for_names_apply_to_event_types(store: EventStore) -> None:
    with pytest.raises(Unrecordable, match=r"U\+0000"):
        store.append(Append("a", 0, [event("a", kind="a\0b")]))
    with pytest.raises(TooLarge, match=str(NAME_LIMIT)):
        store.append(Append("a", 0, [event("a", kind="a" * NAME_LIMIT)]))
    assert store.head() == 0


def test_a_name_at_the_limit_is_stored_and_one_byte_more_is_too_large(store: EventStore) -> None:
    """The name is random, so that the database cannot compress it in its index."""
    random = Random(1)
    name = "é" + "".join(random.choice(ascii_letters) for _ in range(NAME_LIMIT - 2))
    assert store.append(append(name, 0, 2)).version == 2
    assert [event.subject for event in store.read_stream(name, 1)] == [name]
    with pytest.raises(TooLarge, match=f"{NAME_LIMIT + 1} bytes.*{NAME_LIMIT}"):
        store.append_many([append("b"), append(f"{name}x")])
    assert len(all_events(store)) == 2


def test_an_append_without_events_is_a_value_error(store: EventStore) -> None:
    with pytest.raises(ValueError, match="without events"):
        store.append(Append("a", 0, []))
