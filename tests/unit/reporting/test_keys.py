"""A key that a sender chooses names one thing only: streams of any ids are distinct, and no two streams fold into one row of facts."""

from collections import defaultdict
from datetime import date
from typing import Any, get_args

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.bootstrap.registry import SERVICES
from services.reporting.facts.fold import READERS, changes_of
from services.reporting.facts.tables import Key
from tests.unit.reporting.history import History

AGGREGATES = [aggregate for service in SERVICES.values() for aggregate in service.aggregates]
AGGREGATE_OF = {f"{aggregate.service}.{event.__name__}": aggregate for aggregate in AGGREGATES for event in aggregate.event_types}
SCOPES = {
    "journey": "person",
    "workshop": "workshop",
    "person": "person",
    "orientation": "orientation",
    "referral": "person",
    "tasks": "task",
}
"""The field with the id that names a stream, by the module of an aggregate. Merges and separations are in the stream of `merged`."""

OF_ONE_PERSON = {"standing"}  # tables of where a person stands, which both the person and their journey tell

IDS = st.text("ab-.", min_size=1, max_size=3)


# Streams -------------------------------------------------------------------------------------------------------------


class WithId:
    """A command with the same id in every field."""

    def __init__(self, id: str) -> None:
        self.id = id

    def __getattr__(self, field: str) -> str:
        return self.id


def streams(id: str) -> list[str]:
    return [aggregate.stream(WithId(id)) for aggregate in AGGREGATES]


SINGLE_STREAMS = {*streams("one")} & {*streams("two")}
"""Those of which the programme has one, whatever the command."""


@given(id=IDS, other=IDS)
def test_two_aggregates_or_two_ids_never_have_the_same_stream(id: str, other: str) -> None:
    assert len({*streams(id)}) == len(AGGREGATES)
    assert {*streams(id)} & {*streams(other)} == ({*streams(id)} if id == other else SINGLE_STREAMS)


# Facts ---------------------------------------------------------------------------------------------------------------


def values(type_: Any) -> st.SearchStrategy[Any]:
    """Values of a field of an event, few of each type, so that ids meet."""
    few: dict[Any, st.SearchStrategy[Any]] = {
        str: st.sampled_from(["a", "b"]),
        int: st.integers(1, 2),
        bool: st.booleans(),
        date: st.just("2023-01-10"),
        list[str]: st.lists(st.sampled_from(["a", "b"]), max_size=2, unique=True),
        dict[str, str]: st.just({"a": "OTHER"}),
        dict[str, int]: st.just({"a": 1}),
    }
    return few[type_] if type_ in few else values(next(kind for kind in get_args(type_) if kind is not type(None)))


@st.composite
def events(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """An event of any type that the facts read: its type and its data."""
    kind = draw(st.sampled_from(sorted(READERS)))
    fields = msgspec.structs.fields(READERS[kind].decode.__self__.type)  # type: ignore[attr-defined]
    return kind, {field.encode_name: draw(values(field.type)) for field in fields}


def stream_of(kind: str, data: dict[str, Any]) -> tuple[str, str]:
    module = AGGREGATE_OF[kind].decide.__module__.rpartition(".")[2]
    return module, data.get("merged") or str(data.get(SCOPES.get(module, ""), ""))


@given(drawn=st.lists(events(), min_size=2, max_size=12))
def test_no_two_streams_fold_into_the_same_row(drawn: list[tuple[str, dict[str, Any]]]) -> None:
    history = History(defined=False)
    sources: dict[tuple[str, Key], set[tuple[str, str]]] = defaultdict(set)
    for kind, data in drawn:
        _, changes = changes_of(history.record(kind, "2023-01-10", **{field: value for field, value in data.items() if field != "on"}))
        for change in changes:
            sources[change.table, change.key].add(stream_of(kind, data))
    several = {row: streams for row, streams in sources.items() if len(streams) > 1}
    assert {row: streams for row, streams in several.items() if row[0] not in OF_ONE_PERSON or len({id for _, id in streams}) > 1} == {}
