"""How long events have waited for the relay. The log and the relay's checkpoint tell, whether or not a relay runs."""

from datetime import timedelta

from shared.store.port import Checkpoints, EventStore
from shared.time import Clock

RELAY = "relay"  # the name of its checkpoint


def relay_delay(store: EventStore, checkpoints: Checkpoints, clock: Clock) -> timedelta:
    """The time since the first event that no relay has published was recorded; nothing if there is none.

    Raises:
        Unavailable: the log cannot be reached.
    """
    waiting = store.read_all(checkpoints.load(RELAY), limit=1)
    return max(clock() - waiting[0].recordedtime, timedelta()) if waiting else timedelta()
