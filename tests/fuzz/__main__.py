"""A day of fuzzing in the small: random commands against the running product, then rebuild, replay and every page.

python -m tests.fuzz --commands 20000 --seed 1                 SQLite and the broker inside one process
python -m tests.fuzz --commands 20000 --seed 1 --servers       seven processes on RabbitMQ and PostgreSQL (both are started)

It ends with a summary, and with 1 if anything was wrong: an answer of the 500s, a projection that stopped, readiness that is not 200, live
figures that are not those of the replay or of the oracle.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date
from itertools import islice
from pathlib import Path
from random import Random

from services.bootstrap.composition import Components
from services.bootstrap.settings import read_settings
from tests.fuzz.checking import Checks
from tests.fuzz.random_commands import CommandLine, RandomCommands
from tests.fuzz.sending import Sender
from tests.fuzz.walking import Walk
from tests.processes import Process, Product
from tests.servers import PostgresServer, RabbitmqServer

END = date(2024, 6, 30)
IMPORTED_SHARE = 0.5  # of the commands are a past history; the others are sent as people send them
LINES = 40  # of one NDJSON request
CHECKED_EVERY = 1_000  # commands
WEBHOOKS = {"PARCOURS_WEBHOOK_NETWORKS": "192.0.2.0/24"}  # of documentation: what is sent there reaches nobody


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commands", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=30, help="no command is sent after this time (30)")
    parser.add_argument("--servers", action="store_true", help="a process for each service, on RabbitMQ and PostgreSQL")
    parser.add_argument("--keep", type=Path, help="keep the data in this directory, to look at what was found")
    return parser.parse_args(argv)


@contextmanager
def product_in_one_process(folder: Path) -> Iterator[Product]:
    product = Product(folder, WEBHOOKS)
    serve = Process("serve", "--data", str(folder), "--port", str(product.port), env=product.env, log=folder / "serve.log")
    product.processes = {"serve": serve}
    yield from started(product)


@contextmanager
def product_on_servers(folder: Path) -> Iterator[Product]:
    with closing(PostgresServer()) as postgres, closing(RabbitmqServer()) as rabbitmq, rabbitmq.vhost() as uri, postgres.database() as dsn:
        product = Product(folder, {"PARCOURS_AMQP_URI": uri, "PARCOURS_EVENT_STORE": dsn, "PARCOURS_READ_MODELS": dsn, **WEBHOOKS})
        yield from started(product)


def started(product: Product) -> Iterator[Product]:
    try:
        product.start()
        yield product
    finally:
        product.stop()


def run(args: argparse.Namespace, folder: Path) -> list[str]:
    """The faults that were found; the summary is printed."""
    with (product_on_servers if args.servers else product_in_one_process)(folder) as product:
        components = Components(read_settings(folder, environ=product.env))
        territories = [territory.id for territory in components.settings.programme().territories]
        commands = RandomCommands(args.seed, territories, args.commands, END)
        sender, checks = Sender(product.client, components, commands), Checks(product, components)
        send(sender, checks, iter(commands), args)
        checks.at_the_end()
        walk = Walk(sender, checks.quarters() or ["2024-Q1"], components.store.head(), Random(args.seed))
        walk.run()
        checks.well("after the walk")
        faults = [*checks.faults, *sender.faults, *walk.faults]
        print_summary(sender, walk, components, faults)
    return faults


def send(sender: Sender, checks: Checks, lines: Iterator[CommandLine], args: argparse.Namespace) -> None:
    """First a past history, then commands one by one or a few together by one actor; until the time is over or the product is not well."""
    until, sent, rng = time.monotonic() + 60 * args.minutes, 0, Random(args.seed)
    while batch := list(islice(lines, LINES)):
        if time.monotonic() > until:
            print(f"Time is over after {sent} commands.")
            return
        if sent < args.commands * IMPORTED_SHARE:
            sender.import_lines(batch)
        else:
            by_people(sender, batch, rng)
        sent += len(batch)
        if sent % CHECKED_EVERY < LINES:
            print(f"{sent} commands: {dict(sender.outcomes)}", flush=True)
            if not checks.well(f"after {sent} commands"):
                return


def by_people(sender: Sender, batch: Sequence[CommandLine], rng: Random) -> None:
    post: Callable[[CommandLine], None] = sender.send_one
    for line in batch:
        if rng.random() < 0.2:
            sender.send_by_role([line, line])  # the same command twice in one request
        else:
            post(line)


def print_summary(sender: Sender, walk: Walk, components: Components, faults: Sequence[str]) -> None:
    summary = {
        "outcomes": dict(sender.outcomes),
        "accepted": dict(sender.accepted.most_common()),
        "codes": dict(sender.codes.most_common(40)),
        "pages": {str(status): number for status, number in sorted(walk.statuses.items())},
        "events": components.store.head(),
    }
    print(json.dumps(summary, indent=1))
    for fault in faults:
        print(f"FAULT {fault}")
    print(f"{len(faults)} faults.")


def main(argv: Sequence[str]) -> int:
    args = arguments(argv)
    if args.keep:
        args.keep.mkdir(parents=True, exist_ok=True)
        return 1 if run(args, args.keep) else 0
    with tempfile.TemporaryDirectory() as folder:
        return 1 if run(args, Path(folder)) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
