"""Commands that host services: `serve`, `demo`, `service`. Importing this module patches the process for eventlet.

The order of the imports matters. Everything that blocks in C (the log, the read models, and the decisions around them) is imported first
with the modules as Python made them, and is later called in native threads; what is imported after it uses green threads.
"""

# ruff: noqa: E402 - the order of the imports is explained above

import eventlet

eventlet.monkey_patch()

from shared.runtime.native_threads import import_native

import_native("services.cli.commands")

import logging
from argparse import Namespace

from services.bootstrap.composition import Components
from services.bootstrap.hosting import host
from services.bootstrap.names import GATEWAY, RELAY
from services.bootstrap.registry import SERVICES
from services.bootstrap.settings import Settings
from services.cli import commands
from shared.runtime.native_threads import native


def demo(args: Namespace, settings: Settings) -> int:
    """Serve, with the history of the study loaded once."""
    native(commands.load_study, settings)
    return serve(args, settings)


def serve(args: Namespace, settings: Settings) -> int:
    """Serve everything in one process."""
    components = Components(settings)
    native(components.skip_relay_to_head)
    log_to_terminal()
    commands.print_message(f"Parcours: http://{settings.host}:{settings.port}   (data in {settings.data})")
    return host(components, [*SERVICES, GATEWAY], relay=True)


def service(args: Namespace, settings: Settings) -> int:
    """Serve one service, the gateway or the relay."""
    if settings.embedded:
        commands.print_message("Services in processes of their own talk over RabbitMQ: set PARCOURS_AMQP_URI.")
        return 2
    log_to_terminal()
    relay = args.service == RELAY
    return host(Components(settings), [] if relay else [args.service], relay=relay)


def log_to_terminal() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
