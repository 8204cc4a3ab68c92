"""Accounts and grants in the log of a test, given as the system itself."""

from uuid import uuid4

from services.bootstrap.accounts import Installer
from services.bootstrap.composition import Components
from shared.message import CommandMessage
from shared.time import now
from shared.trust.access import Identity, system
from tests.harness.world import World


def give(of: World | Components, command: str, who: Identity | None = None, **data: object) -> int:
    """Give a command on accounts; the position of its event."""
    components = of.components if isinstance(of, World) else of
    identity = who or system("parcours")
    message = CommandMessage(id=uuid4(), type=command, actor=identity.actor, territory="all", time=now(), data=data)
    return components.handlers["accounts"].handle(message, identity).position


def granted(of: World | Components, identity: Identity) -> str:
    """The grant of an account with which somebody may enter as this identity."""
    components = of.components if isinstance(of, World) else of
    return Installer(components.handlers["accounts"], components.accounts, now).grant(identity)
