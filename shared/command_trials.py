"""Which commands would be accepted now, and why the others would not: each is decided, and nothing is recorded.

How it works
------------
A rule is written once, in the decision of its aggregate. So the answer to "what may be done next" is that decision: a command is made for
its subject, goes through all that a sent one goes through (permission, validation, placement, decision), and its events are thrown away.

The values that the sender has not chosen yet are taken from what the log says of the subject, from what is offered beside it (partners,
workshops), and from the types of the fields: every code of a list, today, a day soon, an identifier that nobody has used. A command is
allowed if some choice of values is accepted; otherwise the first refusal is the reason: that of what was recorded last. There is no
guarantee for what a sender then chooses: it is decided when it is sent.
"""

from collections.abc import Iterator, Sequence
from copy import copy
from datetime import date
from itertools import islice, product
from typing import Any
from uuid import uuid4

from msgspec import Struct, inspect

from shared.command_handler import CommandHandler, LoadedStream
from shared.command_type import CommandType
from shared.errors import Fault, Forbidden, Invalid, Refused
from shared.message import CommandMessage, EventMessage
from shared.trial_values import OMITTED, Candidates, Values, recorded
from shared.trust.access import Identity

MAX_TRIALS = 60  # of one command
SYSTEM_ALONE = frozenset({"system"})


class Asked(Struct, frozen=True):
    """Whom or what the commands are about, and where. `subjects` are the values that fields of these names have: the person, their
    orientations, what they borrowed. `offered` are values that may be chosen beside them."""

    territory: str
    subjects: dict[str, list[str]]
    offered: dict[str, list[str]] = {}


class Trials:
    """The trials of one service. `samples` are right values for fields that name a rule, by rule."""

    def __init__(self, handler: CommandHandler, samples: Values) -> None:
        self.handler = copy(handler)
        self.handler.protection = None  # nothing is recorded, so nobody needs a key for it
        self.samples = samples

    def of(self, identity: Identity, asked: Asked) -> dict[str, Fault | None]:
        """Each command about the subjects that people give: the fault it would meet, or None."""
        trial = Trial(self, identity, asked)
        return {
            name: trial.fault(name, command_type)
            for name, command_type in self.handler.command_types.items()
            if any(asked.subjects.get(field) for field in command_type.parser.schema.fields)
            and self.handler.permissions.roles(name) != SYSTEM_ALONE
        }


class Trial:
    """The commands of one question. Each stream is read and folded once."""

    def __init__(self, trials: Trials, identity: Identity, asked: Asked) -> None:
        self.handler, self.samples = trials.handler, trials.samples
        self.identity, self.asked = identity, asked
        self.read_streams: dict[str, Sequence[EventMessage]] = {}
        self.loaded: dict[tuple[int, str], LoadedStream] = {}

    def fault(self, name: str, command_type: CommandType) -> Fault | None:
        try:
            self.handler.permissions.check(self.identity, name, self.asked.territory)
        except Forbidden as forbidden:
            return forbidden
        first: Fault | None = None
        for data in islice(self.choices(command_type), MAX_TRIALS):
            try:
                self.decide(name, data)
            except Invalid:
                continue
            except (Refused, Forbidden) as refusal:
                first = first or refusal
            else:
                return None
        return first or Refused("nothing_to_choose")

    def decide(self, name: str, data: dict[str, Any]) -> None:
        message = CommandMessage(
            id=uuid4(),
            type=name,
            actor=self.identity.actor,
            territory=self.asked.territory,
            time=self.handler.admission.clock(),
            data=data,
        )
        received = self.handler.receive(message, self.identity)
        key = (id(received.type), received.stream)
        if key not in self.loaded:
            self.loaded[key] = LoadedStream(received.type, received.stream, self.read(received.stream))
        self.handler.decide(received, received.stream, self.loaded[key], self.read)

    def read(self, stream: str) -> Sequence[EventMessage]:
        if stream not in self.read_streams:
            self.read_streams[stream] = self.handler.store.read_stream(stream)
        return self.read_streams[stream]

    def choices(self, command_type: CommandType) -> Iterator[dict[str, Any]]:
        """Data of this command, the likeliest first."""
        shape = command_type.parser.shape
        assert isinstance(shape, inspect.StructType)
        sources = (self.asked.subjects, recorded(self.history(command_type)), self.asked.offered)
        candidates = Candidates(sources, self.samples, self.today())
        fields = [field for field in shape.fields if field.name in command_type.parser.schema.fields]
        for values in product(*(candidates.of_field(field) for field in fields)):
            yield {field.name: value for field, value in zip(fields, values, strict=True) if value is not OMITTED}

    def history(self, command_type: CommandType) -> list[EventMessage]:
        """What the log says of the subjects: the streams that tell where a person stands, and those of this command's aggregate."""
        streams: dict[str, None] = {}
        for person in self.asked.subjects.get("person", ()):
            persons = self.handler.placement.persons.streams(person) if self.handler.placement else ()
            streams |= dict.fromkeys([*persons, *self.own_streams(command_type, person)])
        return [event for stream in streams for event in self.read(stream)]

    def own_streams(self, command_type: CommandType, person: str) -> Iterator[str]:
        """The stream of the command, where the person alone names it."""
        try:
            stream = command_type.decider.stream(Named(person))
        except AttributeError:
            return
        yield stream

    def today(self) -> date:
        return self.handler.admission.day(self.handler.admission.clock())


class Named:
    """A command of which only the person is known."""

    def __init__(self, person: str) -> None:
        self.person = person
