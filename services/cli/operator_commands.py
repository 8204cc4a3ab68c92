"""Commands of an operator: make the read models again, look after dead letters and projections."""

from argparse import Namespace
from typing import Any

import msgspec

from services.bootstrap.composition import Components
from services.bootstrap.settings import Settings
from services.cli.commands import messages_of, print_message
from services.reporting.projection.status import RUNNING, STOPPED, ProjectionStatus
from services.reporting.queries.projection_state import present_stop, projection_position
from shared.errors import Refused
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


def generations(args: Namespace, settings: Settings) -> int:
    found = Components(settings).generations
    if args.action == "list":
        for each in found.all():
            line = {"version": each.name, "position": each.position, "own": each.name == found.own, "in_use": found.in_use(each)}
            print(msgspec.json.encode(line).decode())
        return 0
    if args.version:
        try:
            found.drop(args.version)
        except Refused as fault:
            print_message(" ".join(messages_of(fault)[""]))
            return 1
    dropped = [args.version] if args.version else found.drop_superseded()
    print_message(f"Dropped: {', '.join(dropped)}." if dropped else "Nothing to drop.")
    return 0


def projection_line(components: Components, status: ProjectionStatus) -> dict[str, Any]:
    """What `projections list` prints of a projection. `position` is null while the read models of this version are not filled."""
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
