"""A history that is really loaded: every line is validated and decided, the policies run after each, and the log is read back."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from demo.command_lines import CommandLine
from services.bootstrap.composition import Components
from services.bootstrap.settings import read_settings
from services.cli.commands import importer
from services.cli.import_history import Outcome
from shared.message import EventMessage


class LoadedHistory(Struct):
    lines: list[CommandLine]
    refused: list[Outcome]
    events: list[EventMessage]

    def data_of(self, *names: str) -> list[dict[str, Any]]:
        """The data of the events with these names, in the order of the log."""
        return [msgspec.json.decode(event.data) for event in self.events if name_of(event) in names]

    def names_about(self, person: str) -> list[str]:
        """The names of the events about a person, in the order of the log."""
        named = ((name_of(event), msgspec.json.decode(event.data)) for event in self.events)
        return [name for name, data in named if person in (data.get("person"), data.get("merged"))]


def load(directory: Path, lines: Iterable[CommandLine]) -> LoadedHistory:
    """Load the lines into the log of a data directory. `events` are all those of the log, also from an earlier load."""
    components, loaded = Components(read_settings(directory, environ={})), list(lines)
    outcomes = list(importer(components).load(msgspec.json.encode(line) for line in loaded))
    events, position = list[EventMessage](), 0
    while page := components.store.read_all(position):
        events += page
        position = page[-1].position
    components.store.close()
    return LoadedHistory(loaded, [outcome for outcome in outcomes if outcome.fault], events)


def name_of(event: EventMessage) -> str:
    """`JourneyOpened` of the kind `coaching.JourneyOpened`."""
    return event.kind.rpartition(".")[2]


def day(text: str) -> date:
    """The date of an ISO date or time."""
    return date.fromisoformat(text[:10])
