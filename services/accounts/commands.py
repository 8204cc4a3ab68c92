"""The commands that accounts accept. Each is filled in with who gives it and where they may act."""

from typing import Annotated

from msgspec import Meta, Struct

from services.accounts.coded_values import AccessReason
from services.vocabulary.accounts import LOGIN_PATTERN
from services.vocabulary.fields import Id, PlannedDay, TerritoryOrAll
from services.vocabulary.roles import Role
from shared.command_fields import ActorId, ActorRole, ActorTerritories, FactDate

LoginDigest = Annotated[
    str,
    Meta(
        pattern=LOGIN_PATTERN,
        max_length=80,
        description="A digest of a login, as `POST /v1/login-digests` tells it: no address or name of anybody is in a command or an event.",
    ),
]
Territories = Annotated[list[TerritoryOrAll], Meta(min_length=1, max_length=50)]


class Given(Struct, frozen=True, kw_only=True):
    """What every command has: the account, which is the actor of whoever enters with it, the day, and who gives it."""

    account: Id
    on: FactDate
    by: ActorId
    role: ActorRole
    territories_of_actor: ActorTerritories


class OpenAccount(Given, frozen=True, kw_only=True):
    """Whoever proves this login is that actor. Without a grant nobody enters with it yet."""

    login: LoginDigest | None = None


class AddLogin(Given, frozen=True, kw_only=True):
    """Another login leads to the account too."""

    login: LoginDigest


class RemoveLogin(Given, frozen=True, kw_only=True):
    """A login leads to the account no more."""

    login: LoginDigest


class SuspendAccount(Given, frozen=True, kw_only=True):
    """Nobody enters with it, and whoever did is out, until it is resumed."""

    reason: AccessReason


class ResumeAccount(Given, frozen=True, kw_only=True):
    """It may be entered with again. No session of before is open again."""

    reason: AccessReason


class CloseAccount(Given, frozen=True, kw_only=True):
    """Nobody enters with it ever again. Its id stays that of this actor; its logins are free."""

    reason: AccessReason


class GiveGrant(Given, frozen=True, kw_only=True):
    """A role, for an organisation if it speaks for one, in territories or in `all`, from a day (this one) to a day (none)."""

    grant: Id
    granted_role: Role
    granted_organisation: Id | None = None
    granted_territories: Territories
    since: PlannedDay | None = None
    until: PlannedDay | None = None
    reason: AccessReason


class WithdrawGrant(Given, frozen=True, kw_only=True):
    """Whoever entered with it is out. Its id is not used again."""

    grant: Id
    reason: AccessReason


Command = OpenAccount | AddLogin | RemoveLogin | SuspendAccount | ResumeAccount | CloseAccount | GiveGrant | WithdrawGrant
