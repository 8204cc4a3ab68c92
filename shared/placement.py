"""Where a fact belongs: in the territory where its subject stands at that moment, not where a sender says.

How it works
------------
An aggregate names the place of a command (`Decider.place`): a territory that its own state knows (of a workshop, of an orientation), or the
person whom the command is about. Where a person stands is a fold over the streams of that person, which other services may own: the log is
the one truth, so it is read there, as of the time of the fact. A command in the name of another territory is refused; what the programme
does by itself is recorded where the subject stands.

The same fold tells why a record is *closed*: nothing begins in it any more, and a command is refused unless its aggregate accepts it all
the same, because it ends or corrects what is there. And it tells an aggregate what else it must know of a person who is not in its own
stream (`Decider.persons`).

A standing is read without a lock: a transfer that is recorded in the same instant may miss it, and then the fact belongs where the person
stood when it was decided.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from msgspec import Struct
from msgspec.structs import replace

from shared.errors import Refused
from shared.message import CommandMessage, EventMessage

ReadStream = Callable[[str], Sequence[EventMessage]]
ReadFurther = Callable[[str, int], Sequence[EventMessage]]
"""Reads a stream after a version."""


class WithPerson(Struct, frozen=True):
    """Where this person stands. `although` are the codes of closures that do not matter: without them, nothing is recorded."""

    person: str
    although: frozenset[str] = frozenset()


class InTerritory(Struct, frozen=True):
    """In the territory that the aggregate's state knows. `person` is whom it is about, if about one; `although` as for `WithPerson`."""

    territory: str
    person: str | None = None
    although: frozenset[str] = frozenset()


Place = WithPerson | InTerritory | None
"""None is wherever the sender says: nothing stands yet."""


class Standing(Protocol):
    """What is known of a person at a moment. `territory` is None before they are met."""

    @property
    def territory(self) -> str | None: ...
    def closures(self, at: datetime) -> Iterable[Refused]:
        """Why nothing begins at that time in the record of this person any more."""


class Persons(Protocol):
    """How the standing of a person is found: a fold over the events of some streams, in the order of the log."""

    @property
    def kinds(self) -> Collection[str]:
        """The kinds of events that the fold rests on; others change nothing."""

    def streams(self, person: str) -> Sequence[str]:
        """The streams that tell where a person stands."""

    def fold(self, known: Any, person: str, events: Sequence[EventMessage]) -> Any:
        """What is known after further events of these streams. `known` is None before the first ones."""

    def standing(self, known: Any, at: datetime) -> Standing:
        """Where the person stands, as of the time of a fact."""


class Known:
    """The folds of persons, kept while nobody else appends (`shared.stream_memory`).

    `changed` are streams in which something was recorded since that matters.
    """

    def __init__(self, read: ReadFurther) -> None:
        self.read = read
        self.folds: dict[str, Any] = {}
        self.changed: set[str] = set()
        self.versions: dict[str, int] = {}  # up to which the streams were read


class Streams(NamedTuple):
    """The streams that a decision rests on. The command's own stream was read before: `history`, None once it is no longer the whole."""

    own: str
    history: Sequence[EventMessage] | None
    read_stream: ReadStream
    known: Known | None = None

    def read(self, stream: str) -> Sequence[EventMessage]:
        return self.history if stream == self.own and self.history is not None else self.read_stream(stream)

    def told(self, persons: Persons, person: str) -> Any:
        """What the streams of a person tell."""
        names, known = persons.streams(person), self.known
        if known is None:
            return persons.fold(None, person, in_order(event for name in names for event in self.read(name)))
        before = known.folds.get(person)
        unread = names if before is None else known.changed.intersection(names)
        events = in_order(event for name in unread for event in known.read(name, known.versions.get(name, 0)))
        known.folds[person] = before = persons.fold(before, person, events)
        known.versions |= {event.subject: event.streamversion for event in events}
        known.changed.difference_update(unread)
        return before


def in_order(events: Iterable[EventMessage]) -> list[EventMessage]:
    return sorted(events, key=lambda event: event.position)


class Placed(NamedTuple):
    """What a command's place says: the message in the territory of its fact, and the standings that the aggregate asked for, by field."""

    message: CommandMessage
    standings: Mapping[str, Any]


class Placement:
    """`territories` are those of the programme: what stands in no such territory may be fetched by who may act in all of them."""

    def __init__(self, persons: Persons, territories: frozenset[str]) -> None:
        self.persons = persons
        self.territories = territories

    def place(self, message: CommandMessage, place: Place, persons: Mapping[str, str], streams: Streams, *, everywhere: bool) -> Placed:
        """Find where the fact of a command belongs. `everywhere`: the sender may act in all territories.

        Raises:
            Refused: `followed_elsewhere`, the subject stands in another territory; or why the record is closed.
        """
        known: dict[str, Standing] = {}

        def standing(person: str) -> Standing:
            if person not in known:
                known[person] = self.persons.standing(streams.told(self.persons, person), message.time)
            return known[person]

        territory = place.territory if isinstance(place, InTerritory) else None
        if place is not None and place.person is not None:
            where = standing(place.person)
            for closure in where.closures(message.time):
                if closure.code not in place.although:
                    raise closure
            territory = territory or where.territory
        placed = self.in_territory(message, territory, everywhere=everywhere)
        return Placed(placed, {field: standing(person) for field, person in persons.items()})

    def in_territory(self, message: CommandMessage, territory: str | None, *, everywhere: bool) -> CommandMessage:
        if territory in (None, message.territory):
            return message
        if territory not in self.territories:  # recorded when territories were not checked: it needs a way out
            if everywhere:
                return message
        elif message.actor.role == "system":
            return replace(message, territory=territory)
        raise Refused("followed_elsewhere")
