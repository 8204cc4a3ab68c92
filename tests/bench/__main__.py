"""`make bench`: each measurement is compared with a floor and a peer measured in the same run, because the machine is shared.

python -m tests.bench [commands|servers|bulk|store|waking|replay|growth|figures|sealing|kurrent …]      all of them when none is named
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace

from tests.bench import appends, bulk, commands_bench, figures, growth, replays, sealing, servers, simulated, waking
from tests.bench.measuring import TINY, Pace
from tests.bench.table import Table
from tests.kurrent import given
from tests.servers import GivenPostgres, PostgresServer, RabbitmqServer

Measure = Callable[[str, str, str, Pace, Table], None]  # a store's name and two empty logs of it
MEASURES: dict[str, Measure] = {
    "store": appends.main,
    "waking": waking.main,
    "replay": replays.main,
    "growth": growth.main,
    "figures": figures.main,
    "sealing": sealing.main,
}
PARTS = ("commands", "servers", "bulk", *MEASURES, "kurrent")


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    choices = [*PARTS, []]  # argparse checks the default, an empty list, too
    parser.add_argument("parts", nargs="*", choices=choices, metavar="|".join(PARTS))
    parser.add_argument("--events", type=int, default=Pace.events, help="the size of the log that is replayed")
    parser.add_argument("--grown", type=int, default=Pace.grown, help="the size of the log that is compared with one ten times smaller")
    sizes = "the sizes of the logs whose figures are compared"
    parser.add_argument("--sizes", type=int, nargs="+", default=Pace.sizes, metavar="EVENTS", help=sizes)
    parser.add_argument("--tiny", action="store_true", help="only check that the benchmarks run: too little to measure")
    parser.add_argument("--markdown", action="store_true", help="print all ratios again at the end, for docs/measured.md")
    parser.add_argument("--postgres", default="", help="the address of a running server; otherwise one is started")
    args = parser.parse_args(argv)
    args.parts = args.parts or list(PARTS)
    return args


def commands(postgres: GivenPostgres, pace: Pace) -> None:
    print("\nCommands, through HTTP, RabbitMQ and PostgreSQL")
    with ExitStack() as opened:
        rabbitmq = RabbitmqServer()
        opened.callback(rabbitmq.close)
        commands_bench.main(rabbitmq.create_vhost(), opened.enter_context(postgres.database()), pace)


def stores(parts: Sequence[str], postgres: GivenPostgres, pace: Pace, table: Table) -> None:
    """Measure these parts, each on new logs of each store."""
    for part, measure in MEASURES.items():
        if part in parts:
            with tempfile.TemporaryDirectory() as folder:
                measure("sqlite", f"{folder}/one.sqlite", f"{folder}/other.sqlite", pace, table)
            with postgres.database() as one, postgres.database() as other:
                measure("postgres", one, other, pace, table)


def main() -> None:
    args = arguments(sys.argv[1:])
    pace = TINY if args.tiny else replace(Pace(), events=args.events, grown=args.grown, sizes=tuple(args.sizes))
    table = Table()
    with ExitStack() as opened:
        postgres = GivenPostgres(args.postgres) if args.postgres else PostgresServer()
        opened.callback(postgres.close)
        if "commands" in args.parts:
            commands(postgres, pace)
            print()
        if "servers" in args.parts:
            print("The HTTP server alone")
            servers.main(pace)
            print()
        if "bulk" in args.parts:
            print("Many commands at once, in one process on SQLite")
            bulk.main(pace)
            print()
        stores(args.parts, postgres, pace, table)
        if "kurrent" in args.parts:
            with given.simulated() as address:
                simulated.main(address, pace, table)
    table.conclude()
    if args.markdown:
        print(f"\n{table.markdown()}")


if __name__ == "__main__":
    main()
