"""Each event as one French sentence, from the descriptions of the services."""

from collections.abc import Callable, Iterable

import msgspec

from shared.description import Sentence, ServiceDescription

Decoder = Callable[[bytes], object]


class Sentences:
    def __init__(self, services: Iterable[ServiceDescription]) -> None:
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
            return sentence(decode(data))
        except msgspec.MsgspecError:  # written by a defect: it is shown as it is recorded, and may be set aside
            return f"{kind} : cet événement ne peut pas être lu."
