"""`make bench`: every figure beside a floor measured in the same run, since a machine is never alone.

python -m tests.bench [commands|store|replay …]      all of them when none is named
"""

import argparse
from contextlib import closing

from tests.bench import commands_bench, replay_bench, store_bench
from tests.servers import PostgresServer, RabbitmqServer

PARTS = ("commands", "store", "replay")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=PARTS)
    parser.add_argument("--events", type=int, default=200_000, help="the size of the log that is replayed")
    asked = parser.parse_args()
    with closing(PostgresServer()) as postgres:
        if "commands" in asked.parts:
            print("\nCommands, through HTTP, RabbitMQ and PostgreSQL")
            with closing(RabbitmqServer()) as rabbitmq:
                commands_bench.main(rabbitmq.create_vhost(), postgres.create_database())
        if "store" in asked.parts:
            print("\nThe log: appends and reads")
            store_bench.main(postgres.create_database(), asked.events)
        if "replay" in asked.parts:
            print("\nReplay: from the log to the figures")
            replay_bench.main(postgres.create_database(), asked.events)


if __name__ == "__main__":
    main()
