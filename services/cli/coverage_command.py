"""`parcours audit coverage`: whether every consumer of the log has applied every event once, and what can be done where it has not."""

from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence

import msgspec
from msgspec import Struct

from services.bootstrap.composition import Components
from services.bootstrap.consumers import beside_log, of_reporting, policy_evidence, with_policies
from services.cli.commands import print_message
from shared.bus.dead_letter import DeadLetter, dead_letter
from shared.coverage import begun, read_coverage
from shared.errors import Unavailable
from shared.message import Position
from shared.proof.coverage_audit import Consumer, CoverageFault, Reading, audited

PASSED_OVER = "The inbox has passed it over."  # the reason of a dead letter

Found = dict[str, list[CoverageFault]]


class Covered(Struct, frozen=True):
    """What is proved of a consumer: that `events` of its kinds (None: all), after one position up to another, were applied once each.

    Nothing is proved if there are faults.
    """

    consumer: str
    after: Position
    until: Position
    events: int
    kinds: tuple[str, ...] | None
    faults: Sequence[CoverageFault]


def audit_coverage(args: Namespace, components: Components) -> int:
    """Prints what is proved of each consumer, as JSON, a line each; the same in sentences goes to standard error."""
    if args.anew:
        begun_anew = [begin_anew(components, name) for name in args.anew]
        return 0 if all(begun_anew) else 1
    consumers = [*beside_log(components), *read_models(components)]
    found = audited(Reading(components.raw_store), components.raw_store.head(), consumers)
    add_evidence(components, consumers, found)
    for each in consumers:
        coverage = each.coverage
        covered = Covered(each.name, coverage.after, coverage.until, coverage.events, coverage.kinds, found[each.name])
        print(msgspec.json.encode(covered).decode())
        print_message(sentence(covered))
    if args.give_back:
        give_back(components, found)
    return 1 if any(found.values()) else 0


def read_models(components: Components) -> list[Consumer]:
    try:
        return [*of_reporting(components)]
    except Unavailable as fault:
        print_message(f"The read models cannot be read: {fault}")
        return []


def add_evidence(components: Components, consumers: Sequence[Consumer], found: Found) -> None:
    """Add what the log tells of policies, of events that are not named already."""
    try:
        waiting = {letter.event.id for letter in components.dead_letters.list()}
    except Unavailable as fault:
        print_message(f"What policies left in the log was not looked for, as dead letters cannot be read: {fault}")
        return
    evidence = policy_evidence(components, consumers, waiting)
    for service, lapse in evidence.faults():
        faults = found.setdefault(f"{service}.inbox", [])
        if lapse.position not in {each.position for each in faults}:
            faults.append(lapse)
    told = f"{evidence.traced} commands of policies are in the log, or the task that each became"
    print_message(f"{told}; {evidence.tolerated} had their effect already.")


def sentence(covered: Covered) -> str:
    what = "events" if covered.kinds is None else f"events of {len(covered.kinds)} kinds"
    where = f"{covered.events} {what} after position {covered.after}, up to position {covered.until}"
    if not covered.faults:
        return f"{covered.consumer}: {where}, each applied once."
    return f"{covered.consumer}: {where}: " + "; ".join(fault.text for fault in covered.faults) + "."


def give_back(components: Components, found: Found) -> None:
    """Make dead letters of the events that inboxes of policies left out."""
    letters = [*left_out(components, found)]
    components.dead_letters.put(letters)
    print_message(f"{len(letters)} events are dead letters now: `parcours dead replay` gives them to their inboxes.")


def left_out(components: Components, found: Mapping[str, Sequence[CoverageFault]]) -> Iterator[DeadLetter]:
    for service in with_policies():
        positions = [fault.position for fault in found.get(f"{service}.inbox", ()) if fault.kind == "hole"]
        for event in components.store.read_at(positions):
            yield dead_letter(service, event, PASSED_OVER)


def begin_anew(components: Components, name: str) -> bool:
    """Begin what a consumer has applied at its checkpoint: what it noted before is told, and gone. False if it is at work."""
    with components.checkpoints.lease(name, 0) as held:
        if not held:
            print_message(f"{name} is at work: stop its process first.")
            return False
        position, stored = components.checkpoints.load_covered(name)
        if not stored:
            print_message(f"{name} has applied nothing yet.")
            return False
        components.checkpoints.save(name, position, held, begun(position, read_coverage(stored).kinds).text())
    print_message(f"{name} begins at position {position}. Until then it was: {stored}")
    return True
