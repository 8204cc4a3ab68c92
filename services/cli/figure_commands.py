"""Figures on the command line: from the read models as of any moment, why they changed, and folded from the log alone."""

from argparse import Namespace
from collections.abc import Callable, Iterator

import msgspec
from msgspec.structs import replace

from services.bootstrap.composition import Components
from services.bootstrap.settings import Settings
from services.cli.commands import check_territory, lags_behind, messages_of, print_message
from services.reporting.answers import Cell, Fact, Figures, GapCell, RateCell, ValueCell
from services.reporting.change_answers import Changes, ChangesAsked
from services.reporting.queries.moments import moment_of
from services.reporting.queries.reports import EXACT
from services.vocabulary.programme import PROGRAMME
from shared.errors import Fault
from shared.message import Position
from shared.store.port import EventStore


def counted(settings: Settings) -> list[str]:
    """What figures are counted for: the programme, its territories and their groupings."""
    programme = settings.programme()
    return [PROGRAMME, *(territory.id for territory in programme.territories), *(grouping.id for grouping in programme.groupings)]


def indicators(args: Namespace, settings: Settings) -> int:
    check_territory(args.territory, counted(settings))
    components = Components(settings)
    if lags_behind(components):
        print_message("The read models are behind the log: start the services, or `parcours rebuild`.")
    return print_figures(args, lambda: components.reports.figures(args.territory, args.quarter, args.definitions, args.as_of))


def evidence(args: Namespace, settings: Settings) -> int:
    """Prints how many a figure counts, then its facts; as JSON lines with `--json`, the facts alone."""
    check_territory(args.territory, counted(settings))
    components = Components(settings)
    asked = (args.indicator, args.territory, args.quarter, args.side, EXACT, args.definitions, args.as_of)
    try:
        answer = components.reports.evidence(*asked)
    except Fault as fault:
        print_message(" ".join(messages_of(fault)[""]))
        return 1
    if not args.json:
        print(f"{args.territory} · {args.quarter} · {answer.indicator}.{answer.side} {answer.count}")
    for fact in answer.facts:
        print(msgspec.json.encode(fact).decode() if args.json else fact_text(fact))
    return 0


def fact_text(fact: Fact) -> str:
    told = (fact.on, fact.territory, fact.person, fact.detail)
    return "  ".join([*(str(each or "–") for each in told), ", ".join(map(str, fact.positions))])


def print_figures(args: Namespace, figures: Callable[[], Figures]) -> int:
    try:
        answer = figures()
    except Fault as fault:
        print_message(" ".join(messages_of(fault)[""]))
        return 1
    if args.json:
        print(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())
    else:
        print("\n".join(table(answer)))
    return 0


def table(answer: Figures) -> Iterator[str]:
    yield f"{answer.territory} · {answer.quarter} · position {answer.position} · definitions {answer.definitions}"
    for name, cell in answer.indicators.items():
        yield f"{name:28} {cell_text(cell)}"


def cell_text(cell: Cell) -> str:
    match cell:
        case RateCell(numerator=numerator, denominator=denominator, percent=percent):
            text = "–" if percent is None else f"{percent} %"
            return f"{text:>8}   {numerator} / {denominator}"
        case ValueCell(value=value) | GapCell(value=value):
            return f"{value!s:>8}"
    raise AssertionError(cell)  # exact figures have no other shape


def replay(args: Namespace, settings: Settings) -> int:
    check_territory(args.territory, counted(settings))
    components = Components(settings)
    report = components.replayed(as_of(components.store, args.as_of))
    quarter = args.quarter or (report.quarters() or [""])[-1]
    if not quarter:
        print_message("The log holds no fact at this position.")
        return 1
    return print_figures(args, lambda: report.figures(args.territory, quarter, args.definitions))


def as_of(store: EventStore, text: str | None) -> Position:
    if text is None:
        return store.head()
    moment = moment_of(store, text)
    if not text.isdigit():
        print_message(f"As of {text}, by the time of recording: position {moment.position}.")
    return moment.position


def changes(args: Namespace, settings: Settings) -> int:
    """Prints the figures that differ between two moments, then each event with what it changed; as JSON lines with `--json`."""
    check_territory(args.territory, counted(settings))
    components = Components(settings)
    asked = ChangesAsked(args.territory, args.quarter, args.since, args.until, args.indicator, args.definitions)
    try:
        while True:
            answer = components.reports.changes(asked)
            for line in json_lines(answer) if args.json else told(answer, first=asked.after is None):
                print(line)
            if answer.next is None:
                return 0
            asked = replace(asked, after=answer.next)
    except Fault as fault:
        print_message(" ".join(messages_of(fault)[""]))
        return 1


def json_lines(answer: Changes) -> Iterator[str]:
    return (msgspec.json.encode(each).decode() for each in answer.events)


def told(answer: Changes, *, first: bool) -> Iterator[str]:
    if first:
        yield f"{answer.territory} · {answer.quarter} · positions {answer.since} to {answer.until} · definitions {answer.definitions}"
        for figure in answer.figures:
            before = "–" if figure.before is None else cell_text(figure.before)
            yield f"{figure.indicator:28} {before}  →  {cell_text(figure.after)}"
        if not answer.figures:
            yield "no figure differs"
    for moving in answer.events:
        moves = ", ".join(f"{move.change:+} {move.indicator}.{move.side} {move.territory}" for move in moving.moves)
        yield f"{moving.event.position:>8}  {moving.event.recorded[:10]}  {moving.event.kind}: {moves}"
