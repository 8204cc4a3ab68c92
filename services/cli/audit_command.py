"""`parcours audit figures`: whether the ledger and the facts give the same figures.

`parcours audit coverage`: whether every consumer of the log has applied every event once.
"""

from argparse import Namespace
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from services.bootstrap.composition import Components
from services.bootstrap.consumers import beside_log, of_reporting, policy_evidence
from services.bootstrap.settings import Settings
from services.cli.commands import messages_of, print_message
from services.reporting.queries.audit import audit_figures
from shared.errors import Refused, Unavailable
from shared.message import Position
from shared.proof.coverage_audit import Consumer, CoverageFault, Reading, audited


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


def audit(args: Namespace, settings: Settings) -> int:
    return (audit_coverage if args.what == "coverage" else audit_of_figures)(Components(settings))


def audit_of_figures(components: Components) -> int:
    """Prints each figure that differs, as JSON, and then the first wrong entry of the ledger; what was compared goes to standard error."""
    try:
        found = audit_figures(components.reports, components.store)
    except Refused as fault:
        print_message(" ".join(messages_of(fault)[""]))
        return 1
    for difference in found.differences:
        print(msgspec.json.encode(difference).decode())
    if found.first_wrong_entry:
        print(msgspec.json.encode(found.first_wrong_entry).decode())
    outcome = f"{len(found.differences)} differ" if found.differences else "the ledger and the facts agree"
    print_message(f"{found.compared} figures compared, as of position {found.position}: {outcome}.")
    return 1 if found.differences else 0


def audit_coverage(components: Components) -> int:
    """Prints what is proved of each consumer, as JSON, a line each; the same in sentences goes to standard error."""
    consumers = [*beside_log(components), *read_models(components)]
    found = audited(Reading(components.raw_store), components.raw_store.head(), consumers)
    add_evidence(components, consumers, found)
    for each in consumers:
        coverage, faults = each.coverage, found[each.name]
        covered = Covered(each.name, coverage.after, coverage.until, coverage.events, coverage.kinds, faults)
        print(msgspec.json.encode(covered).decode())
        print_message(sentence(covered))
    return 1 if any(found.values()) else 0


def read_models(components: Components) -> list[Consumer]:
    try:
        return [*of_reporting(components)]
    except Unavailable as fault:
        print_message(f"reporting.inbox: {fault}")
        return []


def add_evidence(components: Components, consumers: Sequence[Consumer], found: dict[str, list[CoverageFault]]) -> None:
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
