"""How fast a log is read, folded and rebuilt, compared with reading its bytes and dropping them."""

from dataclasses import replace

from tests.bench import folding, light_fold, peer_reads, raw_reads
from tests.bench.floors import is_postgres
from tests.bench.growth import fill
from tests.bench.measuring import Pace, Rates, in_turn
from tests.bench.own_process import Prepare, own_process
from tests.bench.table import OURS, PEER, Aim, Line, Table

ROUNDS = 3  # these rounds are long, and only the disk's cache could get warm, which it is already
MEASURES: dict[str, Prepare] = {
    "bare": raw_reads.whole,
    "fold": raw_reads.fold,
    "peer": peer_reads.fold,
    "read": light_fold.read,
    "light": light_fold.fold,
    "figures": folding.figures,
    "one town": folding.one_town,
    "facts": folding.facts,
    "alone": folding.alone,
    "rebuild": folding.rebuild,
}


FACTS = "facts alone"
LEAST_WITH_LEDGER = 0.6  # of the rate of the facts alone, with two cores


def main(name: str, log: str, other: str, pace: Pace, table: Table) -> None:
    total = fill(log, pace.events)
    peer_reads.copy_log(log)
    models = other.replace("postgresql://", "postgresql+psycopg://") if is_postgres(other) else f"sqlite:///{other}"
    with own_process() as process:
        sides = {measure: process.side(measure, prepare, log, models) for measure, prepare in MEASURES.items()}
        rates = in_turn(sides, replace(pace, rounds=min(ROUNDS, pace.rounds), warm=0))
    for line in lines(name, is_postgres(log), total, rates, process.peaks):
        table.add(line)


def lines(name: str, postgres: bool, total: int, rates: Rates, peaks: dict[str, float]) -> list[Line]:
    floor = raw_reads.COPY_OUT if postgres else raw_reads.SELECT

    def line(work: str, measure: str, *aims: Aim, **beside: str) -> Line:
        sides = {OURS: rates[measure], floor: rates["bare"], **{named: rates[other] for other, named in beside.items()}}
        return Line(name, f"{work} of {total:,}", sides, aims, peaks[measure])

    def of_floor(least: float) -> list[Aim]:
        return [Aim(floor, least)] if postgres else []

    return [
        line("read and decode", "read"),
        line("light fold", "light", *of_floor(0.43), fold=raw_reads.FOLD, peer=PEER),
        line("replay, every figure", "figures"),
        line("replay, one town, half", "one town"),
        line("rebuild of all facts", "facts", *of_floor(0.12)),
        line("rebuild with the ledger", "rebuild", Aim(FACTS, LEAST_WITH_LEDGER), facts=FACTS, alone="one process"),
    ]
