"""Compares the events of the log with the leaves that were sealed between two checkpoints, and says what happened to which."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from shared.proof.finding import Finding
from shared.store.stored import StoredEvent


def compared(sealed: Sequence[bytes], found: Sequence[bytes], events: Sequence[StoredEvent], first: int) -> Iterator[Finding]:
    """`sealed` and `found` are hashes of leaves; `events` are those of `found`; `first` is the number of the first sealed leaf, from 1.

    Leaves are found again by their hash, which is no other leaf's. What is gone and what is new between the same neighbours is an event
    that was changed.
    """
    place = {leaf: index for index, leaf in enumerate(sealed)}
    known: list[tuple[int, int]] = []  # the places, in `sealed` and in `found`, of leaves that are in both
    new: list[tuple[int, int]] = []  # how many of those come before a leaf that is not sealed, and its place
    for index, leaf in enumerate(found):
        if (before := place.pop(leaf, None)) is None:
            new.append((len(known), index))
        else:
            known.append((before, index))
    gone = sorted(place.values())
    rank = {before: number for number, before in enumerate(sorted(before for before, _ in known))}
    neighbours = [(sum(1 for before in rank if before < index), index) for index in gone]
    for between, index in list(neighbours):
        match = next((each for each in new if each[0] == between), None)
        if match is not None:
            new.remove(match)
            neighbours.remove((between, index))
            yield Finding(
                "changed", f"event number {first + index}, at position {events[match[1]].position}, is not the one that was sealed"
            )
    for start, end in ranges([index for _, index in neighbours]):
        yield Finding("missing", f"{numbered(first + start, first + end)} {'is' if start == end else 'are'} missing")
    for _, index in new:
        yield Finding("added", f"the event at position {events[index].position} was not there when the log was sealed")
    for number, (before, index) in enumerate(known):
        if rank[before] != number:
            yield Finding("moved", f"event number {first + before} stands at position {events[index].position}: sealed events were swapped")


def numbered(first: int, last: int) -> str:
    return f"event number {first}" if first == last else f"events number {first} to {last}"


def ranges(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The first and the last of each run of consecutive numbers."""
    for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        values = [value for _, value in run]
        yield values[0], values[-1]
