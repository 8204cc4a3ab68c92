"""Fields of events, opened for who may read them (`protection` says how they were protected)."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from shared.trust.personal.cipher import Unreadable, unseal
from shared.trust.personal.keyring import Keyring
from shared.trust.personal.marked_fields import personal_fields
from shared.trust.personal.marks import PERSON, Personal
from shared.trust.personal.protection import PROGRAMME, bound_to


class Opening:
    """Opens fields of events for a reader. `events` are the events in their current shape, by kind."""

    def __init__(self, open_keyring: Callable[[], Keyring], events: Mapping[str, type[Any]]) -> None:
        self.open_keyring = open_keyring
        self.fields = {kind: fields for kind, event in events.items() if (fields := personal_fields(event))}

    def has_personal(self, kind: str) -> bool:
        return kind in self.fields

    def opened(self, kind: str, event_id: str, data: Mapping[str, Any], allowed: Collection[Personal]) -> dict[str, Any]:
        """The data of an event, with those fields in clear that are of an allowed kind and whose key is there.

        Raises:
            Unavailable: the keys cannot be reached.
        """
        sealed = {
            field.name: data[field.name]["sealed"]
            for field in self.fields.get(kind, ())
            if field.kind in allowed and isinstance(data.get(field.name), dict) and "sealed" in data[field.name]
        }
        person = data.get(PERSON) or PROGRAMME
        key = self.open_keyring().for_reading(person) if sealed else None
        if not key:
            return dict(data)
        return {**data, **opened_fields(key, sealed, event_id, person)}


def opened_fields(key: bytes, sealed: Mapping[str, str], event_id: str, person: str) -> dict[str, Any]:
    """Those that can be opened. Another was moved here, or encrypted under a key that is lost: it stays what it is, for all to see."""
    found = {}
    for name, text in sealed.items():
        try:
            found[name] = unseal(key, text, bound_to(event_id, name, person))
        except Unreadable:
            continue
    return found
