"""Commands that host services: `serve`, `demo`, `service`. Importing this module patches the process for eventlet.

The order of the imports matters. Everything that blocks in C (the log, the read models, and the decisions around them) is imported first
with the modules as Python made them, and is later called in native threads; what is imported after it uses green threads.
"""

# ruff: noqa: E402 - the order of the imports is explained above

import warnings

warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")  # known (ADR 49), and no matter of who starts the product

import eventlet

eventlet.monkey_patch()

from shared.runtime.native_threads import import_native

import_native(
    "services.cli.commands",
    "services.bootstrap.probes",
    "services.bootstrap.lost_events",
    "services.bootstrap.readings",
    "services.bootstrap.metrics_listener",
)

from argparse import Namespace

import msgspec

from services.bootstrap.composition import Components
from services.bootstrap.hosting import host
from services.bootstrap.logs import log_to_terminal
from services.bootstrap.names import GATEWAY, RELAY
from services.bootstrap.registry import SERVICES
from services.bootstrap.settings import Settings
from services.cli import commands
from shared.runtime.native_threads import native


def demo(args: Namespace, settings: Settings) -> int:
    """Serve, with the history of the study loaded once. Whoever sits at this machine may choose a role."""
    native(commands.load_study, settings)
    return serve(args, msgspec.structs.replace(settings, development_login=True))


def serve(args: Namespace, settings: Settings) -> int:
    """Serve everything in one process."""
    components = Components(settings)
    native(components.skip_relay_to_head)
    log_to_terminal(settings.logs, secrets=settings.secrets)

    def started() -> None:
        commands.print_message(f"Parcours: http://{settings.host}:{settings.port}   (data in {settings.data})")

    return host(components, [*SERVICES, GATEWAY], relay=True, started=started)


def service(args: Namespace, settings: Settings) -> int:
    """Serve one service, the gateway or the relay."""
    log_to_terminal(settings.logs, args.process, settings.secrets)
    relay = args.process == RELAY
    return host(Components(settings), [] if relay else [args.process], relay=relay)
