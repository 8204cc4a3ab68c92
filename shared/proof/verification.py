"""Computes everything again, from the log and from what was signed, and says what is wrong.

How it works
------------
The log is read once, in pages. Each tree head ends at a position, so the events up to there are compared with the leaves that were sealed
with it: what was changed, taken away, added or moved is named, and what comes after it is compared again in its place.

What the comparison rests on is the signature alone. The leaves that are kept with a head count only if they give, with those before, the
root that was signed (`head_check.py`).

A checkpoint that somebody kept elsewhere is compared with the log itself: with the root that its events give at that size. It is the only
thing that tells a log which was written anew by whoever administers the database: a sealer that starts signs what it finds.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from shared.message import START, Position
from shared.proof.comparison import compared
from shared.proof.cosignature import WitnessVerifier
from shared.proof.finding import Finding
from shared.proof.head_check import check_head
from shared.proof.line_checks import LineChecks
from shared.proof.merkle import CompactRange, leaf_hash
from shared.proof.notes import NotANote, NotSigned, VerifierKey
from shared.proof.tree_checkpoint import TreeCheckpoint, read_checkpoint
from shared.store.stored import StoredEvent, StoredEvents
from shared.store.tree_heads import TreeHead

PAGE = 1_000


class Verified(Struct):
    """`checkpoint` is the note of the last tree head that is in order."""

    events: int = 0
    sealed: int = 0
    checkpoints: int = 0
    checkpoint: str = ""


class Kept(NamedTuple):
    """A checkpoint that somebody has, by the name that it is told by."""

    name: str
    checkpoint: TreeCheckpoint


class Reader:
    """The log, up to one position after the other."""

    def __init__(self, store: StoredEvents) -> None:
        self.store = store
        self.page: list[StoredEvent] = []
        self.after: Position = START

    def up_to(self, position: Position | None) -> Iterator[list[StoredEvent]]:
        """The next events up to a position, or to the end of the log, in parts."""
        while self.more():
            count = len(self.page)
            if position is not None and self.page[-1].position > position:
                count = next(index for index, event in enumerate(self.page) if event.position > position)
            part, self.page = self.page[:count], self.page[count:]
            if part:
                yield part
            if self.page:
                return

    def more(self) -> bool:
        return bool(self.page) or self.read()

    def read(self) -> bool:
        self.page = self.store.read_stored(self.after, PAGE)
        if self.page:
            self.after = self.page[-1].position
        return bool(self.page)


class Verification:
    """`kept` are checkpoints by the names of their files, as they were written there. Each of the `witnesses` must have cosigned them."""

    def __init__(
        self, store: StoredEvents, verifier: VerifierKey, kept: Mapping[str, str], witnesses: Sequence[WitnessVerifier] = ()
    ) -> None:
        self.witnesses = witnesses
        self.reader = Reader(store)
        self.verifier = verifier
        self.notes = kept
        self.kept: list[Kept] = []  # those that are still to be compared, the smallest first
        self.lines = LineChecks()
        self.proved = False  # any event, by any checkpoint
        self.result = Verified()
        self.log = CompactRange()  # of the events that are there
        self.sealed: CompactRange | None = CompactRange()  # of what was sealed; None when that is not known any more

    def findings(self, heads: Iterable[TreeHead]) -> Iterator[Finding]:
        """Everything that is wrong, in the order of the log. `result` is complete when this is over."""
        yield from self.read_kept()
        yield from self.compare_kept()
        for head in heads:
            yield from self.verify(head)
        for part in self.reader.up_to(None):
            yield from self.take(part, [leaf_hash(event.line) for event in part])
        for name, checkpoint in self.kept:
            yield Finding("cut", f"{name} is of {checkpoint.size} events, and the log has {self.log.size}: its end was cut off")
        if self.result.events and not self.proved:
            yield Finding("unsealed", f"no checkpoint of the log is in order: nothing proves any of its {self.result.events} events")

    def read_kept(self) -> Iterator[Finding]:
        for name, note in self.notes.items():
            try:
                self.kept.append(Kept(name, read_checkpoint(note, self.verifier)))
            except NotANote as fault:
                yield Finding("signature", f"{name} is no checkpoint: {fault}")
            except NotSigned as fault:
                yield Finding("signature", f"{name}: {fault}")
            yield from self.not_cosigned(name, note)
        self.kept.sort(key=lambda kept: kept.checkpoint.size)

    def not_cosigned(self, name: str, note: str) -> Iterator[Finding]:
        for witness in self.witnesses:
            try:
                witness.cosigned_at(note)
            except (NotANote, NotSigned) as fault:
                yield Finding("signature", f"{name}: {fault}")

    def take(self, events: Sequence[StoredEvent], leaves: Sequence[bytes], tree: CompactRange | None = None) -> Iterator[Finding]:
        """Note events of the log. `tree` is the tree with them, if it is known."""
        yield from self.lines.findings(events)
        if self.kept and self.kept[0].checkpoint.size <= self.log.size + len(leaves):  # its root is needed on the way
            for leaf in leaves:
                self.log.append(leaf)
                yield from self.compare_kept()
        elif tree:
            self.log = tree.copy()
        else:
            self.log.extend(leaves)
        self.result.events = self.log.size

    def compare_kept(self) -> Iterator[Finding]:
        while self.kept and self.kept[0].checkpoint.size == self.log.size:
            name, checkpoint = self.kept.pop(0)
            if checkpoint.root == self.log.root():
                self.proved = self.proved or bool(checkpoint.size)
            else:
                yield Finding(
                    "fork", f"{name} is signed, of {checkpoint.size} events, and the first {self.log.size} of this log are others"
                )

    def verify(self, head: TreeHead) -> Iterator[Finding]:
        """Compare the events of the log up to a head with the leaves that were sealed with it."""
        first = self.sealed.size + 1 if self.sealed else 1
        as_sealed = self.sealed is not None and (self.sealed.size, self.sealed.subtrees) == (self.log.size, self.log.subtrees)
        events = [event for part in self.reader.up_to(head.position) for event in part]
        found = [leaf_hash(event.line) for event in events]
        check = check_head(head, self.sealed, found, self.verifier)
        yield from check.findings
        if check.leaves != found:
            if len(found) < len(check.leaves) and not self.reader.more():
                end = events[-1].position if events else self.lines.previous
                yield Finding("cut", f"the log ends at position {end}, and was sealed up to position {head.position}")
            yield from compared(check.leaves, found, events, first)
        elif events and events[-1].position != head.position:
            yield Finding("head", f"the checkpoint of {head.size} events is kept with position {head.position}")
        yield from self.take(events, found, check.tree if as_sealed and check.leaves == found else None)
        self.sealed = check.tree
        self.result.checkpoints += 1
        if not check.findings:
            self.result.sealed, self.result.checkpoint = head.size, head.note
            self.proved = True
