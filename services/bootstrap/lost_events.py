"""Events that the broker has seen and the log does not have: they were recorded after the backup that became the log.

The broker keeps them in the stream `journey.feed`, as long as it has room. Nothing of them is recorded again: whoever sent the commands
decides that.
"""

from collections.abc import Iterator
from datetime import timedelta

from services.bootstrap.names import RELAY
from services.bootstrap.parts import Part
from services.bootstrap.settings import Settings
from services.vocabulary.restoration import STREAM, Restoration, restorations
from shared.bus.brokers import brokers
from shared.bus.feed_history import events_since, last_event
from shared.errors import Misconfigured
from shared.message import START, EventMessage
from shared.store.port import EventStore

MARGIN = timedelta(hours=1)  # by which the clocks of the log and of the broker may differ


def lost_events(settings: Settings, store: EventStore, restoration: Restoration) -> Iterator[EventMessage]:
    """The events that a restoration lost and the stream still has, in order and each once.

    Raises:
        Unavailable: the broker is away.
    """
    if settings.embedded:  # this broker keeps nothing
        return
    (last_kept,) = store.read_at([restoration.after])
    reached = restoration.after
    for event in events_since(settings.amqp_uri, settings.names.feed, last_kept.recordedtime - MARGIN, publisher(settings)):
        if reached < event.position < restoration.position:
            reached = event.position
            yield event


def publisher(settings: Settings) -> str | None:
    """The user of the relay, where each process has its own; otherwise nobody can tell who published."""
    own = brokers(settings.amqp_uri)[0].user
    return settings.names.user(RELAY) if own.startswith(settings.names.user("")) else None


def unknown_event(settings: Settings, store: EventStore) -> EventMessage | None:
    """The last event on the stream, if the log has another one there, or none, and does not say that it is lost.

    Then the log was put back, or is another one. Positions that others have seen would be given to other events.

    Raises:
        Unavailable: the broker or the log is away.
    """
    if settings.embedded or (found := last_event(settings.amqp_uri, settings.names.feed, publisher(settings))) is None:
        return None
    _, seen = found
    if [event.id for event in store.read_at([seen.position])] == [seen.id]:
        return None
    known = any(each.after < seen.position < each.position for each in restorations(store.read_stream(STREAM)))
    return None if known or store.head() == START else seen


def check_history(settings: Settings, store: EventStore) -> None:
    """
    Raises:
        Misconfigured: the log was put back by other means than a restore.
        Unavailable: the broker or the log is away.
    """
    if seen := unknown_event(settings, store):
        raise Misconfigured(
            f"{Part.LOG.value}: {settings.names.feed} has the event {seen.id} at position {seen.position}, "
            f"which the log, at position {store.head()}, has not: it was put back, or is another one. "
            "Stop the services and run `parcours restore --in-place`; or give this log a PARCOURS_ENVIRONMENT of its own."
        )
