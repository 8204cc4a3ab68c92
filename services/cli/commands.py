"""Commands that need no running service: import history, read the log, count and compare figures."""

import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from tqdm import tqdm

from demo import generator, study
from services.bootstrap.composition import Components
from services.bootstrap.environment import fault_text
from services.bootstrap.identity_files import first_key
from services.bootstrap.registry import SERVICES, catalogue
from services.bootstrap.settings import Settings
from services.cli.import_history import HistoryImporter, Outcome
from services.reporting.projection.read_models import NotFilled, OtherVersion
from shared.errors import CodedFault, Fault, Invalid, Misconfigured, Unavailable, UnknownPosition
from shared.message import Position
from shared.store.port import EventStore
from shared.stream_memory import StreamMemory

STUDY = "study"
STUDY_SEED = 1
MAX_REPORTED = 100  # faulty lines of a file that `load` describes; the others are counted

encode = msgspec.json.Encoder().encode


def print_message(text: str) -> None:
    print(text, file=sys.stderr)


def progress(items: Iterable[Any], label: str, total: int | None = None) -> Iterator[Any]:
    """A progress bar on a terminal, and none in a pipe."""
    return iter(tqdm(items, desc=label, total=total, disable=None, unit_scale=True, leave=False))


def load(args: Namespace, settings: Settings) -> int:
    if args.file == "-":
        return import_lines(Components(settings), sys.stdin.buffer)
    try:
        with Path(args.file).open("rb") as file:
            return import_lines(Components(settings), file)
    except (OSError, ValueError) as fault:
        print_message(f"{args.file!r}: {fault_text(fault)}")
        return 2


def import_lines(components: Components, lines: BinaryIO | Iterable[bytes]) -> int:
    outcomes: Counter[str] = Counter()
    faulty = 0
    for outcome in progress(importer(components).load(lines), "chargement"):
        if isinstance(outcome.fault, Unavailable):
            print_message(f"Stopped at line {outcome.line}: {outcome.fault}")
            print_message("Nothing after it was loaded. Mend the cause and load the same file again: it goes on from there.")
            return 1
        outcomes["undone" if outcome.by_policy else "refused" if outcome.fault else "accepted"] += 1
        faulty += outcome.fault is not None
        if outcome.fault and faulty <= MAX_REPORTED:
            report(outcome)
    if faulty > MAX_REPORTED:
        print_message(f"… and {faulty - MAX_REPORTED} more faults.")
    print_message(
        f"{outcomes['accepted']} commands accepted, {outcomes['refused']} refused; the log is at position {components.store.head()}."
    )
    if outcomes["undone"]:
        print_message(f"What follows from {outcomes['undone']} events could not be done by a policy.")
    if lags_behind(components):
        print_message("The figures follow when the services run; without them, `parcours rebuild` brings them.")
    return 1 if outcomes["refused"] or outcomes["undone"] else 0


def load_study(settings: Settings) -> None:
    """Load the history of the study once: a checkpoint beside the log records that it was loaded."""
    components = Components(settings)
    if components.checkpoints.load(STUDY):
        return
    lines = [encode(line) for line in study.study(STUDY_SEED)]
    print_message("The study of 2022-2024 is loaded, once.")
    for outcome in progress(importer(components).load(lines), "chargement", len(lines)):
        if outcome.fault:
            report(outcome)
            raise SystemExit(1)
    components.skip_policies_to_head()
    components.checkpoints.save(STUDY, components.store.head())


def report(outcome: Outcome) -> None:
    what = f"what follows from {outcome.command}, position {outcome.position}" if outcome.by_policy else outcome.command
    print_message(f"line {outcome.line}, {what}: {type(outcome.fault).__name__.lower()}")
    for field, messages in messages_of(outcome.fault).items():
        print_message(f"    {field + ': ' if field else ''}{' '.join(messages)}")


def messages_of(fault: Fault | None) -> dict[str, list[str]]:
    """What people read of a fault: its messages by field, or the catalogue's text."""
    if isinstance(fault, Invalid):
        return fault.faults
    return {"": [catalogue().text_of(fault) if isinstance(fault, CodedFault) else str(fault)]}


def importer(components: Components) -> HistoryImporter:
    runners = [components.policy_runner(name, at_event_time=True) for name, service in SERVICES.items() if service.policies]
    first_key(components.settings.keys, alone=components.settings.embedded)  # made here, if nothing was started before
    components.personal.keyring  # noqa: B018 - opens the keys of persons, which asks the log: while much is appended, it would wait for itself
    memory = StreamMemory(components.store, components.placement.persons)
    return HistoryImporter(components.store, components.handlers, runners, components.trust.survey_seals, memory)


def generate(args: Namespace, settings: Settings) -> int:
    if args.start > args.end:
        print_message(f"--from {args.start} is after --to {args.end}.")
        return 2
    lines = study.study(args.seed) if args.study else generator.generate(args.persons, args.seed, args.start, args.end)
    for line in progress(lines, "commandes"):
        sys.stdout.buffer.write(encode(line) + b"\n")
    sys.stdout.buffer.flush()
    return 0


def history(args: Namespace, settings: Settings) -> int:
    components = Components(settings)
    known = [territory.id for territory in settings.programme().territories]
    if args.territory is not None:
        check_territory(args.territory, known)
    store = components.raw_store if args.as_written else components.store
    after: Position = args.after
    check_reached(store, after)
    while page := store.read_all(after):
        for event in page:
            if args.territory in (None, event.territory):
                sys.stdout.buffer.write(encode(event) + b"\n")
        after = page[-1].position
    sys.stdout.buffer.flush()
    return 0


def check_reached(store: EventStore, position: Position) -> Position:
    """The position, if the log has it.

    Raises:
        UnknownPosition: it does not.
    """
    if position > store.head():
        raise UnknownPosition(position)
    return position


def check_territory(given: str, known: Sequence[str]) -> None:
    """Raises Misconfigured for a name that the programme does not have."""
    if given not in known:
        raise Misconfigured(f"--territory {given}: one of these is expected: {', '.join(known)}.")


def lags_behind(components: Components) -> bool:
    """Whether the read models lack events of the log; those that are not filled lack them all."""
    try:
        return components.reports.position() < components.store.head()
    except (NotFilled, OtherVersion):
        return True
