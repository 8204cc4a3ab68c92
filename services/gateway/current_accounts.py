"""Whom the accounts of the log let in now: a session lasts as long as the grant with which it was opened, and its account.

Every gateway reads the register each second (`services.gateway.session.EndedSessions`), so what is withdrawn is over within seconds, open
streams included. What sends webhooks asks at each attempt.
"""

from collections.abc import Callable
from datetime import date

from services.gateway.dependencies import NativeCall
from services.gateway.grants import identity_of
from services.vocabulary.accounts import Account, Grant, Register
from services.vocabulary.calendar import local_date
from shared.time import Clock
from shared.trust.access import Identity
from shared.trust.tokens import Entry, Token


class CurrentAccounts:
    """`read` gives the register as the log has it, and blocks.

    Who has no account is let in with `open_to_others`, where the development login is; and everywhere before there is the first account.
    """

    def __init__(self, read: Callable[[], Register], native: NativeCall, clock: Clock, *, open_to_others: bool) -> None:
        self.read = read
        self.native = native
        self.clock = clock
        self.open_to_others = open_to_others
        self.register = Register()

    def refresh(self) -> None:
        """Read what was recorded since.

        Raises:
            Unavailable: the log cannot be read.
        """
        self.register = self.native(self.read)

    def knows(self, session: Token) -> bool:
        """Whether what a session names was read. A grant that was given a moment ago, and used at another gateway, may not be."""
        if session.entry is None:
            return True
        account = self.register.accounts.get(session.identity.actor.id)
        return account is not None and session.entry.grant in account.used and session.entry.stops <= account.stops

    def today(self) -> date:
        return local_date(self.clock())

    def lets_in(self, session: Token) -> bool:
        """Whether a session may go on."""
        if session.entry is None:
            return self.open_to_others or not self.register.accounts
        account = self.register.accounts.get(session.identity.actor.id)
        if account is None or account.stops != session.entry.stops:
            return False
        return any(grant.id == session.entry.grant for grant in account.current(self.today()))

    def grants(self, account: Account) -> list[Grant]:
        """Those with which somebody may enter now."""
        return account.current(self.today())

    def entry(self, identity: Identity, grant: str) -> Entry | None:
        """How somebody enters with a grant of their account; None if it does not let them in (any more)."""
        account = self.register.accounts.get(identity.actor.id)
        held = account.grant(grant) if account else None
        if account is None or held is None or not held.holds(self.today()) or identity_of(account, held) != identity:
            return None
        return Entry(grant, account.stops) if account.status == "active" else None
