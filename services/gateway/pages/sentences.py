"""Each event as one French sentence, from the descriptions of the services."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec.structs import asdict, replace

from shared.description import Sentence, ServiceDescription

Decoder = Callable[[bytes], Any]
TERRITORY = "territory"  # what the fields end with that hold the id of one


class Sentences:
    """`territories` are their labels, by id: a sentence names them as people do."""

    def __init__(self, services: Iterable[ServiceDescription], territories: Mapping[str, str]) -> None:
        self.territories = territories
        self.known: dict[str, tuple[Decoder, Sentence]] = {
            kind: (msgspec.json.Decoder(event).decode, service.sentences[event])
            for service in services
            for kind, event in service.events.items()
        }

    def of(self, kind: str, data: bytes) -> str:
        """The sentence of an event, from its kind and its data as JSON. A kind of a newer service is only named."""
        if kind not in self.known:
            return f"{kind}."
        decode, sentence = self.known[kind]
        try:
            return sentence(self.with_labels(decode(data)))
        except msgspec.MsgspecError:  # written by a defect: it is shown as it is recorded, and may be set aside
            return f"{kind} : cet événement ne peut pas être lu."

    def with_labels(self, event: Any) -> Any:
        """The event, with the labels of its territories in the place of their ids. One that is no longer configured keeps its id."""
        return replace(
            event,
            **{name: self.territories.get(id, id) for name, id in asdict(event).items() if name.endswith(TERRITORY) and id is not None},
        )
