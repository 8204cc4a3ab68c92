"""Publishes which figures moved, to the stream `journey.figures`, for trusted back ends.

How it works
------------
The loop of the relay (`relay.py`), in the processes that have the read models, with a lease and a checkpoint of its own (`figures`): the
position up to which is told what moved. It reads the next window of the ledger's entries after its checkpoint, publishes one message for
it, awaits the confirmation, and advances its checkpoint. A window in which no figure moved needs no message.

*Repetitions.* If the loop dies before its checkpoint is saved, its successor tells the same moves again, perhaps in windows with other
ends. So a window names each figure that any of its events moved, although the next event moved it back: the message at the first may be
all that a reader has heard. A reader passes over messages at or before the position that it has seen.

*Beginning.* A new checkpoint begins at the head of the log: what moved before is no news.

*Versions.* During an upgrade, processes of two releases run, whose figures may differ, and one of them answers (`may_begin`). A loop begins
when its process answers. So what is told is what can be read, there is one lease and one checkpoint for both, and the newer release goes
on where the older one ended, from tables of its own. Positions are those of the log: they mean the same in both.

*Faults.* While the broker, the log or the read models are away, or are being made, the loop waits with a growing delay and gives the lease
away meanwhile. Whatever else happens is logged and tried again in the same way: no service depends on readers outside the product.
"""

import logging
from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol

from shared.address import Address
from shared.bus.checkpoint import CachedCheckpoint, save_in_native_thread
from shared.bus.names import FIGURES, Names
from shared.bus.publisher import Publisher
from shared.bus.relay import POLL_INTERVAL_S, Followed, RelayLoop
from shared.bus.topology import declare_figures
from shared.message import START, Position, encode
from shared.runtime.native_threads import green_only, native
from shared.store.port import Checkpoints

green_only(__name__)
log = logging.getLogger(__name__)

WINDOW_SIZE = 1_000  # entries of the ledger
JSON = "application/json"


class Told(Protocol):
    """A message of the stream: the cells that moved up to a position."""

    @property
    def id(self) -> str: ...

    @property
    def position(self) -> Position: ...

    @property
    def cells(self) -> Collection[object]: ...


class Moves(Followed[Told], Protocol):
    def head(self) -> Position: ...


class FiguresRelay(RelayLoop[Told]):
    """`may_begin` tells whether the figures of this process are those that readers get."""

    def __init__(
        self,
        moves: Moves,
        checkpoints: Checkpoints,
        uri: Address | str,
        names: Names,
        may_begin: Callable[[], bool],
        *,
        window_size: int = WINDOW_SIZE,
    ) -> None:
        super().__init__(moves, checkpoints, uri, names, FIGURES, window_size)
        self.head, self.may_begin = moves.head, may_begin

    def run(self) -> None:
        while not self.stopping.is_set():
            try:
                super().run()
            except Exception:
                log.exception("the stream of figures failed, and is tried again")
                self.stopping.wait(self.backoff.next_delay())

    def run_with_lease(self) -> None:
        if self.may_begin():
            super().run_with_lease()
        else:
            self.stopping.wait(POLL_INTERVAL_S)

    def declare(self, channel: Any) -> None:
        declare_figures(channel, self.names)

    def begin(self, checkpoint: CachedCheckpoint) -> None:
        super().begin(checkpoint)
        if checkpoint.position == START:
            checkpoint.advance(native(self.head))
            save_in_native_thread(checkpoint, at_once=True)

    def publish(self, publisher: Publisher, window: Sequence[Told]) -> None:
        for each in window:
            if each.cells:
                publisher.publish(encode(each), "", self.names.figures, {}, each.id, content_type=JSON)
        publisher.wait_for_confirms()
