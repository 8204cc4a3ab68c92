"""The accounts of the installation, as the log has them: read once, and then only what was recorded since."""

from collections.abc import Callable
from threading import Lock
from uuid import uuid4

import msgspec

from services.accounts import account
from services.accounts.coded_values import AccessReason
from services.gateway.grants import identity_of
from services.vocabulary.accounts import STREAM, Account, Register
from services.vocabulary.calendar import local_date
from services.vocabulary.programme import PROGRAMME
from shared.command_handler import CommandHandler
from shared.errors import Misconfigured, Refused
from shared.message import CommandMessage
from shared.store.port import NO_STREAM, EventStore
from shared.time import Clock
from shared.trust.access import EVERYWHERE, Identity, system

decode = msgspec.json.Decoder(account.decider.events).decode


class FollowedAccounts:
    """Blocking and thread-safe: each call reads what the log has more."""

    def __init__(self, store: EventStore) -> None:
        self.store = store
        self.version = NO_STREAM
        self.register: Register = account.initial
        self.reading = Lock()

    def __call__(self) -> Register:
        """The accounts as they are.

        Raises:
            Unavailable: the log cannot be read.
        """
        with self.reading:
            for event in self.store.read_stream(STREAM, self.version):
                self.register = account.evolve(self.register, decode(event.data))
                self.version = event.streamversion
            return self.register


class Installer:
    """Gives accounts and grants as the system itself: for the first person of an installation, who can ask nobody."""

    def __init__(self, handler: CommandHandler, read: Callable[[], Register], clock: Clock) -> None:
        self.handler = handler
        self.read = read
        self.clock = clock

    def grant(self, identity: Identity) -> str:
        """The id of a grant with which somebody may enter as this, now: one that there is, or a new one.

        Raises:
            Misconfigured: their account lets nobody in.
        """
        found = self.read().accounts.get(identity.actor.id)
        if found is None:
            self.give("OpenAccount", account=identity.actor.id)
        elif grant := self.held(found, identity):
            return grant
        id = f"setup-{uuid4().hex[:12]}"
        territories = [PROGRAMME if place == EVERYWHERE else place for place in identity.territories]
        actor = identity.actor
        organisation = {"granted_organisation": actor.organisation} if actor.organisation else {}
        granted = {"grant": id, "granted_role": actor.role, "granted_territories": territories, **organisation}
        self.give("GiveGrant", account=actor.id, reason=AccessReason.INSTALLATION.value, **granted)
        return id

    def held(self, found: Account, identity: Identity) -> str | None:
        if found.status != "active":
            raise Misconfigured(f"--name: the account {found.id} is {found.status}. Resume it, or name another.")
        current = found.current(local_date(self.clock()))
        same = (grant.id for grant in current if identity_of(found, grant) == identity)
        return next(same, None)

    def give(self, command: str, **data: object) -> None:
        identity = system("parcours")
        message = CommandMessage(id=uuid4(), type=command, actor=identity.actor, territory=PROGRAMME, time=self.clock(), data=data)
        try:
            self.handler.handle(message, identity)
        except Refused as refusal:
            raise Misconfigured(f"--name: {refusal.code}") from refusal
