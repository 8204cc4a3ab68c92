"""Whose account an identity of the issuer leads to: that of its subject, or once, of its verified e-mail address.

Whoever enters by an address is bound to their subject from then on: a person who gets the same address later is somebody else.
"""

import logging
from uuid import NAMESPACE_URL, uuid5

from services.gateway.commands_api import CommandSender
from services.gateway.current_accounts import CurrentAccounts
from services.gateway.logins import Logins
from services.vocabulary.accounts import Account
from services.vocabulary.programme import PROGRAMME
from shared.errors import Fault
from shared.trust.access import system
from shared.trust.oidc_tokens import Subject

log = logging.getLogger(__name__)
SUBJECT = "subject:"


class OidcAccounts:
    def __init__(self, issuer: str, logins: Logins, accounts: CurrentAccounts, sender: CommandSender) -> None:
        self.issuer = issuer
        self.logins = logins
        self.accounts = accounts
        self.sender = sender

    def of_subject(self, who: Subject) -> Account | None:
        return self.accounts.register.of_login(self.logins.of_subject(self.issuer, who.subject))

    def of_login(self, who: Subject) -> Account | None:
        """The account of somebody who has logged in, as the log has it now.

        Raises:
            Unavailable: the log cannot be read.
        """
        self.accounts.refresh()
        if found := self.of_subject(who):
            return found
        account = self.accounts.register.of_login(self.logins.of_email(who.email)) if who.email else None
        if account is None or any(login.startswith(SUBJECT) for login in account.logins):
            return None
        self.bind(account, who)
        return account

    def bind(self, account: Account, who: Subject) -> None:
        """Record the subject of an account. If it cannot be now, it is at the next login."""
        login = self.logins.of_subject(self.issuer, who.subject)
        id = str(uuid5(NAMESPACE_URL, f"{account.id} {login}"))
        message = {"id": id, "type": "AddLogin", "territory": PROGRAMME, "data": {"account": account.id, "login": login}}
        try:
            self.sender.send(system("gateway"), message)
        except Fault as fault:
            log.warning("the subject of an account is not recorded yet: %s", type(fault).__name__)
