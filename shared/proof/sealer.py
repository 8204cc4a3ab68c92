"""The sealer: follows the log, makes every event a leaf of the Merkle tree, and signs checkpoints.

How it works
------------
A leaf is the line of an event as it is stored (`shared/store/stored.py`). The sealer reads new events after its last tree head, in rounds.
It signs a checkpoint at every EVENTS events; at what is left when the first of it has waited for SECONDS; and when it is told to stop. The
heads of a round are added in one commit, and that commit is all that a sealer keeps: one that dies between any two steps has added the
heads or not, and its successor goes on from the last of them.

It is asynchronous: an append knows nothing of it. Rounds are bounded and apart from each other, so that one that catches up with a long log
leaves the processor and the database to others, and so that events which come one by one are read together.

*Standby.* Several sealers may run. The holder of the lease `sealer` is active. What one adds that has lost the lease is refused.

*What it does not seal.* A log that ends before the last head, or has other events there, is not the one that was sealed; nothing can go
on from a head that another key signed; and a sealer knows the last head that it has seen, so that no earlier one can take its place. It
says so again and again, and its lease is free, which is what an operator is woken for. `parcours verify` says what is wrong. A sealer that
starts knows no more than what it finds: that a history was written anew meanwhile, with its heads, is told by a checkpoint that was kept.
"""

import logging
import threading
import time
from collections.abc import Callable

from msgspec import Struct

from shared.errors import Damaged, Unavailable, UnknownPosition
from shared.message import START
from shared.metrics import LEASE_HELD
from shared.proof.merkle import leaf_hash
from shared.proof.notes import SignerKey
from shared.proof.sealing import CannotSeal, Leaf, Sealing, check_own, leaves_of
from shared.store.port import Checkpoints, Held
from shared.store.stored import Log
from shared.store.tree_heads import TreeHead, TreeHeads

log = logging.getLogger(__name__)

NAME = "sealer"  # of the lease, and of the checkpoint that tells readers of metrics how far it is
POLL_INTERVAL_S = 1.0  # the longest wait for an event, or for the lease, before the loop looks whether it must stop
RETRY_S = 1.0  # after a server was away
REPEAT_S = 60.0  # between two attempts to seal what cannot be sealed


class Pace(Struct, frozen=True):
    """`events` and `seconds` say when a checkpoint is due. A round reads at most `round` events; after it the sealer rests."""

    events: int = 500
    seconds: float = 60.0
    round: int = 4_000
    rest: float = 1.0
    rest_when_behind: float = 0.05


class Sealer:
    """`run` seals until `stop` is called, in a native thread."""

    def __init__(
        self,
        store: Log,
        checkpoints: Checkpoints,
        heads: TreeHeads,
        signer: SignerKey,
        pace: Pace = Pace(),  # noqa: B008 - it is frozen
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store = store
        self.checkpoints = checkpoints
        self.tree_heads = heads
        self.signer = signer
        self.pace = pace
        self.clock = clock
        self.stopping = threading.Event()
        self.known: TreeHead | None = None  # the last head that this sealer has seen

    def run(self) -> None:
        """Waits while servers are away; raises other exceptions, and Damaged, which no waiting mends."""
        while not self.stopping.is_set():
            try:
                self.run_with_lease()
            except Damaged:
                raise
            except Unavailable as fault:
                log.warning("the sealer waits for its servers: %s", fault)
                self.stopping.wait(RETRY_S)
            except (CannotSeal, UnknownPosition) as fault:
                log.error("nothing is sealed: %s", fault)
                self.stopping.wait(REPEAT_S)

    def stop(self) -> None:
        self.stopping.set()

    def run_with_lease(self) -> None:
        """Wait for the lease, at most POLL_INTERVAL_S, and seal while it is held."""
        with self.checkpoints.lease(NAME, POLL_INTERVAL_S) as held:
            try:
                if held:
                    sealing = self.begin()
                    LEASE_HELD.labels(NAME).set(1)
                    self.seal_log(sealing, held)
            finally:
                LEASE_HELD.labels(NAME).set(0)

    def begin(self) -> Sealing:
        """What is sealed.

        Raises:
            CannotSeal: it was sealed by another key, or the log is not what was sealed.
        """
        last = self.tree_heads.last()
        if last:
            check_own(last, self.signer.verifier)
            self.check_log(last)
        self.check_known()
        self.known = last
        return Sealing(last, self.clock)

    def check_log(self, last: TreeHead) -> None:
        """What was sealed with the last head is there, as it was sealed."""
        if self.store.head() < last.position:
            raise CannotSeal(f"the log ends before position {last.position}, which was sealed: `parcours verify` says more")
        leaves = leaves_of(last)
        before = last.size - len(leaves)
        after = self.tree_heads.after(before - 1, 1)[0].position if before else START
        stored = self.store.read_stored(after, len(leaves))
        if [leaf_hash(event.line) for event in stored] != leaves or stored[-1].position != last.position:
            raise CannotSeal(f"the events up to position {last.position} are not those that were sealed: `parcours verify` says more")

    def check_known(self) -> None:
        """The last head that was seen is there, whoever has added others since."""
        if self.known is None:
            return
        found = self.tree_heads.after(self.known.size - 1, 1)
        if not found or found[0].note != self.known.note:
            raise CannotSeal(f"the tree head of {self.known.size} events, which was added, is gone: `parcours verify` says more")

    def seal_log(self, sealing: Sealing, held: Held) -> None:
        behind = self.read(sealing)
        while held and not self.stopping.is_set():
            self.seal(sealing, held, rest=sealing.waiting() >= self.pace.seconds)
            self.stopping.wait(self.pace.rest_when_behind if behind else self.pace.rest)
            if behind or self.store.wait(sealing.read_up_to, POLL_INTERVAL_S):
                behind = self.read(sealing)
        if held:
            self.seal(sealing, held, rest=True)

    def read(self, sealing: Sealing) -> bool:
        """Read a round of events; whether there may be more."""
        page = self.store.read_stored(sealing.read_up_to, self.pace.round)
        if page:
            sealing.add([Leaf(event.position, leaf_hash(event.line)) for event in page])
        return len(page) == self.pace.round

    def seal(self, sealing: Sealing, held: Held, *, rest: bool) -> None:
        heads, tree = sealing.heads(self.signer, self.pace.events, rest=rest)
        if heads:
            self.tree_heads.add(heads, sealing.tree.size, held)
            self.known = heads[-1]
            sealing.sealed(tree, heads[-1].position)
            self.checkpoints.save(NAME, sealing.position, held)
