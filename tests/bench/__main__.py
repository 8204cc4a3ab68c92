"""`make bench`: every figure beside a floor and a peer measured in the same run, since a machine is never alone.

python -m tests.bench [commands|store|waking|replay|growth|kurrent …]      all of them when none is named
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace

from tests.bench import appends, commands_bench, growth, replays, simulated, waking
from tests.bench.measuring import TINY, Pace
from tests.bench.table import Table
from tests.kurrent import given
from tests.servers import GivenPostgres, PostgresServer, RabbitmqServer

Measure = Callable[[str, str, str, Pace, Table], None]  # a store's name and two empty logs of it
MEASURES: dict[str, Measure] = {"store": appends.main, "waking": waking.main, "replay": replays.main, "growth": growth.main}
PARTS = ("commands", *MEASURES, "kurrent")


def arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="|".join(PARTS))  # argparse looks for "none" among them too
    parser.add_argument("--events", type=int, default=Pace.events, help="the size of the log that is replayed")
    parser.add_argument("--grown", type=int, default=Pace.grown, help="the size of the log that stands beside one ten times smaller")
    parser.add_argument("--tiny", action="store_true", help="so little of it that it says nothing: does the bench still work?")
    parser.add_argument("--markdown", action="store_true", help="say all ratios again at the end, for docs/measured.md")
    parser.add_argument("--postgres", default="", help="a server that is there; else one is started")
    asked = parser.parse_args(words)
    asked.parts = asked.parts or list(PARTS)
    return asked


def commands(postgres: GivenPostgres) -> None:
    print("\nCommands, through HTTP, RabbitMQ and PostgreSQL")
    with ExitStack() as opened:
        rabbitmq = RabbitmqServer()
        opened.callback(rabbitmq.close)
        commands_bench.main(rabbitmq.create_vhost(), opened.enter_context(postgres.database()))


def stores(parts: Sequence[str], postgres: GivenPostgres, pace: Pace, table: Table) -> None:
    """Part after part, each store on logs of its own."""
    for part, measure in MEASURES.items():
        if part in parts:
            with tempfile.TemporaryDirectory() as room:
                measure("sqlite", f"{room}/one.sqlite", f"{room}/other.sqlite", pace, table)
            with postgres.database() as one, postgres.database() as other:
                measure("postgres", one, other, pace, table)


def main() -> None:
    asked = arguments(sys.argv[1:])
    pace = TINY if asked.tiny else replace(Pace(), events=asked.events, grown=asked.grown)
    table = Table()
    with ExitStack() as opened:
        postgres = GivenPostgres(asked.postgres) if asked.postgres else PostgresServer()
        opened.callback(postgres.close)
        if "commands" in asked.parts:
            commands(postgres)
            print()
        stores(asked.parts, postgres, pace, table)
        if "kurrent" in asked.parts:
            with given.simulated() as address:
                simulated.main(address, pace, table)
    table.conclude()
    if asked.markdown:
        print(f"\n{table.markdown()}")


if __name__ == "__main__":
    main()
