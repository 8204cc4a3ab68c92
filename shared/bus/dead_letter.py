"""A dead letter: an event that a service could not handle (see `dead_letters.py`)."""

from typing import Any

from msgspec import Struct

from shared.message import EventMessage, Position


class DeadLetter(Struct, frozen=True, kw_only=True):
    """An event that `service` could not handle. `reason` holds no data of other rows: see `inbox.public_reason`.

    `attempts` are all that there were, also before it was given back. The times are in ISO format, in UTC. What is not known is null: of
    a message that the broker moved, and of letters of earlier releases.
    """

    service: str
    kind: str
    position: Position
    reason: str
    attempts: int | None = None
    first_failed_at: str | None = None
    last_failed_at: str | None = None
    event: EventMessage


def dead_letter(service: str, event: EventMessage, reason: str, *failures: Any) -> DeadLetter:
    """`failures` are the attempts, and when the first and the last one failed."""
    attempts, first, last = failures or (None, None, None)
    known = {"attempts": attempts, "first_failed_at": first, "last_failed_at": last}
    return DeadLetter(service=service, kind=event.kind, position=event.position, reason=reason, event=event, **known)
