"""Commands of an operator: make the read models again, look after dead letters and projections."""

from argparse import Namespace
from typing import Any

import msgspec

from services.bootstrap.composition import Components
from services.bootstrap.settings import Settings
from services.cli.commands import print_message
from services.reporting.projection.status import RUNNING, STOPPED, ProjectionStatus
from services.reporting.queries.projection_state import present_stop, projection_position
from shared.message import START


def rebuild(args: Namespace, settings: Settings) -> int:
    components = Components(settings)
    if components.store.head() == START:
        print_message("The log holds no event: there is nothing to build.")
        return 1
    components.renew_damaged_read_models()
    position = components.reports.rebuild(components.store)
    print_message(f"The read models are built again, up to position {position}.")
    return 0


def dead(args: Namespace, settings: Settings) -> int:
    letters = Components(settings).dead_letters
    if args.action == "replay":
        print_message(f"{letters.replay(args.service)} events given back to their service.")
        return 0
    for letter in letters.list(args.service):
        print(msgspec.json.encode(letter).decode())
    return 0


def projections(args: Namespace, settings: Settings) -> int:
    components = Components(settings)
    status = ProjectionStatus(components.reports.models, args.service)
    if args.action == "list":
        print(msgspec.json.encode(projection_line(components, status)).decode())
    elif status.request_retry():
        print_message(f"{args.service} tries again when it runs: see `parcours projections list`.")
    else:
        print_message(f"{args.service} is not stopped: nothing to retry.")
    return 0


def projection_line(components: Components, status: ProjectionStatus) -> dict[str, Any]:
    """What `projections list` prints of a projection. `position` is null while the read models are those of another version."""
    position = projection_position(components.reports)
    stop = present_stop(status, position)
    line = {"service": status.service, "status": STOPPED if stop else RUNNING, "position": position, "head": components.store.head()}
    return {**line, "stop": stop} if stop else line


def tail(args: Namespace, settings: Settings) -> int:
    from shared.bus.tail import tail as follow

    if settings.embedded:
        print_message("journey.feed is a RabbitMQ stream: set PARCOURS_AMQP_URI.")
        return 2
    for position, event in follow(settings.amqp_uri, args.offset, settings.names.feed):
        print(f"{position}\t{msgspec.json.encode(event).decode()}", flush=True)
    return 0
