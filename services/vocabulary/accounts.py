"""Who may enter, and as what: the accounts of an installation and their grants, as the events of the log leave them.

The accounts service decides on this state, and whoever lets somebody in reads it: gateways, and what sends webhooks.
"""

from datetime import date
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

STREAM = "accounts"
"""One stream holds all accounts: a login belongs to one of them, and one administrator is always left."""
PURPOSE = "logins"  # of the key that makes digests of logins
LOGIN_PATTERN = "^(subject|email):[0-9a-f]{64}$"

Status = Literal["active", "suspended", "closed"]


class Grant(Struct, frozen=True):
    """What an account may enter as, from a day to a day, both included. `territories` may name the whole programme (`all`)."""

    id: str
    role: str
    organisation: str
    territories: list[str]
    since: date
    until: date | None

    def holds(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)


class Account(Struct, frozen=True):
    """`id` is that of the actor. `logins` are digests. `stops` counts its suspensions: no session outlives one.

    `grants` are those that were not withdrawn; `used` has the ids of all that it ever had.
    """

    id: str
    logins: frozenset[str]
    status: Status = "active"
    stops: int = 0
    grants: tuple[Grant, ...] = ()
    used: frozenset[str] = frozenset()

    def grant(self, id: str) -> Grant | None:
        return next((grant for grant in self.grants if grant.id == id), None)

    def current(self, day: date) -> list[Grant]:
        """The grants with which somebody may enter on a day."""
        return [grant for grant in self.grants if grant.holds(day)] if self.status == "active" else []


class Register(Struct, frozen=True):
    """All accounts, by id, and whose each login is. The logins of a closed account are nobody's."""

    accounts: dict[str, Account] = {}
    owners: dict[str, str] = {}

    def of_login(self, login: str) -> Account | None:
        return self.accounts.get(self.owners.get(login, ""))

    def with_account(self, account: Account) -> "Register":
        """With an account as it is now."""
        before = self.accounts.get(account.id)
        logins = frozenset[str]() if account.status == "closed" else account.logins
        kept = {login: owner for login, owner in self.owners.items() if owner != account.id} if before else self.owners
        return Register({**self.accounts, account.id: account}, {**kept, **dict.fromkeys(logins, account.id)})

    def changed(self, id: str, **members: object) -> "Register":
        """With other members of an account that there is."""
        return self.with_account(replace(self.accounts[id], **members))
