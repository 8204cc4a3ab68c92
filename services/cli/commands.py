"""What the command line does without a server: bring history in, read it out, count it again."""

import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from tqdm import tqdm

from demo import generator, study
from services.bootstrap.composition import Components
from services.bootstrap.settings import Settings
from services.cli.import_history import Outcome
from services.reporting.answers import Figures, GapCell, RateCell, ValueCell
from services.reporting.projection.read_models import OtherVersion
from shared.errors import Fault, Invalid
from shared.message import Position
from shared.store.port import EventStore
from shared.store.sqlite.store import SqliteStore
from shared.time import end_of_day

STUDY = "study"
STUDY_SEED = 1

encode = msgspec.json.Encoder().encode


def say(text: str) -> None:
    print(text, file=sys.stderr)


def progress(items: Iterable[Any], label: str, total: int | None = None) -> Iterator[Any]:
    """A bar on a terminal, nothing in a pipe."""
    return iter(tqdm(items, desc=label, total=total, disable=None, unit_scale=True, leave=False))


def load(asked: Namespace, place: Settings) -> int:
    if asked.file == "-":
        return loaded(Components(place), sys.stdin.buffer)
    try:
        with Path(asked.file).open("rb") as file:
            return loaded(Components(place), file)
    except OSError as fault:
        say(f"{asked.file}: {fault.strerror}")
        return 2


def loaded(parts: Components, lines: BinaryIO | Iterable[bytes]) -> int:
    outcomes: Counter[str] = Counter()
    for outcome in progress(parts.loader().load(lines), "chargement"):
        outcomes["undone" if outcome.by_policy else "refused" if outcome.fault else "accepted"] += 1
        if outcome.fault:
            report(outcome)
    say(f"{outcomes['accepted']} commands accepted, {outcomes['refused']} refused; the log is at position {parts.store.head()}.")
    if outcomes["undone"]:
        say(f"What follows from {outcomes['undone']} events could not be done by a policy.")
    if behind(parts):
        say("The figures follow when the services run; without them, `parcours rebuild` brings them.")
    return 1 if outcomes["refused"] or outcomes["undone"] else 0


def load_study(place: Settings) -> None:
    """The study's history, once: a mark beside the log says that it is there."""
    parts = Components(place)
    if parts.checkpoints.load(STUDY):
        return
    lines = [encode(line) for line in study.study(STUDY_SEED)]
    say("The study of 2022-2024 is loaded, once.")
    for outcome in progress(parts.loader().load(lines), "chargement", len(lines)):
        if outcome.fault:
            report(outcome)
            raise SystemExit(1)
    parts.policies_are_done()
    parts.checkpoints.save(STUDY, parts.store.head())


def report(outcome: Outcome) -> None:
    what = f"what follows from {outcome.command}, position {outcome.position}" if outcome.by_policy else outcome.command
    say(f"line {outcome.line}, {what}: {type(outcome.fault).__name__.lower()}")
    faults = outcome.fault.faults if isinstance(outcome.fault, Invalid) else {"": [str(outcome.fault)]}
    for field, said in faults.items():
        say(f"    {field + ': ' if field else ''}{' '.join(said)}")


def generate(asked: Namespace, place: Settings) -> int:
    lines = study.study(asked.seed) if asked.study else generator.generate(asked.persons, asked.seed, asked.start, asked.end)
    for line in progress(lines, "commandes"):
        sys.stdout.buffer.write(encode(line) + b"\n")
    sys.stdout.buffer.flush()
    return 0


def history(asked: Namespace, place: Settings) -> int:
    parts = Components(place)
    store = parts.raw_store if asked.as_written else parts.store
    after: Position = asked.after
    while page := store.read_all(after):
        for event in page:
            if asked.territory in (None, event.territory):
                sys.stdout.buffer.write(encode(event) + b"\n")
        after = page[-1].position
    sys.stdout.buffer.flush()
    return 0


def indicators(asked: Namespace, place: Settings) -> int:
    parts = Components(place)
    if behind(parts):
        say("The read models are behind the log: start the services, or `parcours rebuild`.")
    return printed(asked, lambda: parts.reporting.figures(asked.territory, asked.quarter, asked.definitions))


def behind(parts: Components) -> bool:
    """Those that another version made know nothing of this log."""
    try:
        return parts.reporting.position() < parts.store.head()
    except OtherVersion:
        return True


def printed(asked: Namespace, figures: Callable[[], Figures]) -> int:
    try:
        answer = figures()
    except Fault as fault:
        say(str(fault))
        return 1
    if asked.json:
        print(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())
    else:
        print("\n".join(table(answer)))
    return 0


def table(answer: Figures) -> Iterator[str]:
    yield f"{answer.territory} · {answer.quarter} · position {answer.position} · definitions {answer.definitions}"
    for name, cell in answer.indicators.items():
        match cell:
            case RateCell(numerator=numerator, denominator=denominator, percent=percent):
                text = "–" if percent is None else f"{percent} %"
                yield f"{name:28} {text:>8}   {numerator} / {denominator}"
            case ValueCell(value=value) | GapCell(value=value):
                yield f"{name:28} {value!s:>8}"


def replay(asked: Namespace, place: Settings) -> int:
    parts = Components(place)
    try:
        position = as_of(parts.store, asked.as_of)
    except ValueError:
        say(f"--as-of {asked.as_of}: a position or a date (2024-03-31) is expected.")
        return 2
    report = parts.replayed(position)
    quarter = asked.quarter or (report.quarters() or [""])[-1]
    if not quarter:
        say("The log holds no fact at this position.")
        return 1
    return printed(asked, lambda: report.figures(asked.territory, quarter, asked.definitions))


def as_of(store: EventStore, text: str | None) -> Position:
    if text is None:
        return store.head()
    if text.isdigit():
        return int(text)
    position = store.position_at(end_of_day(date.fromisoformat(text)))
    say(f"As of {text}, by the time of recording: position {position}.")
    return position


def rebuild(asked: Namespace, place: Settings) -> int:
    parts = Components(place)
    position = parts.reporting.rebuild(parts.store)
    say(f"The read models are built again, up to position {position}.")
    return 0


def copy(asked: Namespace, place: Settings) -> int:
    store = Components(place).raw_store
    if not isinstance(store, SqliteStore):
        say("Only an SQLite log is copied so: a database server has its own way (pg_dump, pg_basebackup).")
        return 2
    try:
        store.copy(asked.file)
    except OSError as fault:
        say(f"{asked.file}: {fault.strerror}")
        return 1
    say(f"{asked.file} holds the log up to position {SqliteStore(asked.file).head()}.")
    return 0


def dead(asked: Namespace, place: Settings) -> int:
    letters = Components(place).dead_letters
    if asked.action == "replay":
        say(f"{letters.replay(asked.service)} events given back to their service.")
        return 0
    for letter in letters.list(asked.service):
        print(msgspec.json.encode(letter).decode())
    return 0


def tail(asked: Namespace, place: Settings) -> int:
    from shared.bus.tail import tail as follow

    if place.embedded:
        say("journey.feed is a RabbitMQ stream: set PARCOURS_AMQP_URI.")
        return 2
    offset = int(asked.offset) if asked.offset.isdigit() else asked.offset
    for position, event in follow(place.amqp_uri, offset):
        print(f"{position}\t{msgspec.json.encode(event).decode()}", flush=True)
    return 0
