"""Commands that look after the read models: make them again, list and drop their generations, let a projection go on."""

from argparse import Namespace
from typing import Any

import msgspec

from services.bootstrap.composition import Components
from services.bootstrap.settings import Settings
from services.cli.commands import messages_of, print_message
from services.reporting.projection.status import RUNNING, STOPPED, ProjectionStatus
from services.reporting.queries.projection_state import fillings, present_stop, projection_position
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
    line: dict[str, Any] = {
        "service": status.service,
        "status": STOPPED if stop else RUNNING,
        "position": position,
        "head": components.store.head(),
    }
    if stop:
        line["stop"] = stop
    if position and (filling := fillings(components.reports)):
        line["filling"] = filling
    return line
