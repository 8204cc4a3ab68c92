"""Commands of an operator of the broker: dead letters, and the stream for trusted back ends."""

from argparse import Namespace

import msgspec

from services.bootstrap.composition import Components
from services.bootstrap.lost_events import publisher
from services.bootstrap.settings import Settings
from services.cli.commands import print_message


def dead(args: Namespace, settings: Settings) -> int:
    letters = Components(settings).dead_letters
    if args.action == "replay":
        print_message(f"{letters.replay(args.service)} events given back to their service.")
        return 0
    for letter in letters.list(args.service):
        print(msgspec.json.encode(letter).decode())
    return 0


def tail(args: Namespace, settings: Settings) -> int:
    from shared.bus.tail import tail as follow

    if settings.embedded:
        print_message("journey.feed is a RabbitMQ stream: set PARCOURS_AMQP_URI.")
        return 2
    for position, event in follow(settings.amqp_uri, args.offset, settings.names.feed, publisher(settings)):
        print(f"{position}\t{msgspec.json.encode(event).decode()}", flush=True)
    return 0
