"""A history loaded for real: every line through the door, the policies behind each, and the log that results."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from demo.schedule import Line
from services.bootstrap.composition import Components
from services.bootstrap.settings import read_settings
from services.cli.commands import importer
from services.cli.import_history import Outcome
from shared.message import EventMessage


class Loaded(Struct):
    lines: list[Line]
    refused: list[Outcome]
    events: list[EventMessage]

    def of(self, *names: str) -> list[dict[str, Any]]:
        """The data of the events of these names, in order."""
        return [msgspec.json.decode(event.data) for event in self.events if event.kind.rpartition(".")[2] in names]

    def about(self, person: str) -> list[str]:
        """The names of what happened to a person, in order."""
        said = ((event.kind.rpartition(".")[2], msgspec.json.decode(event.data)) for event in self.events)
        return [name for name, data in said if person in (data.get("person"), data.get("merged"))]


def load(directory: Path, lines: Iterable[Line]) -> Loaded:
    parts, told = Components(read_settings(directory, environ={})), list(lines)
    outcomes = list(importer(parts).load(msgspec.json.encode(line) for line in told))
    events, after = list[EventMessage](), 0
    while page := parts.store.read_all(after):
        events += page
        after = page[-1].position
    parts.store.close()
    return Loaded(told, [outcome for outcome in outcomes if outcome.fault], events)


def day(text: str) -> date:
    return date.fromisoformat(text[:10])
