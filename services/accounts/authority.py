"""Who may give or take which grants: nobody more than they hold, and nobody to themselves."""

from collections.abc import Iterable

from services.accounts.commands import Given
from services.vocabulary.accounts import Account, Grant, Register
from services.vocabulary.programme import PROGRAMME
from services.vocabulary.roles import GIVEN_BY_COORDINATION, Role
from shared.errors import Refused

EVERYWHERE = "*"  # among the territories of an actor


def check_may_manage(command: Given, grants: Iterable[Grant]) -> None:
    """Check that who gives the command could give every one of these grants.

    Raises:
        Refused: they could not.
    """
    if command.role != Role.SYSTEM and not all(may_give(command, grant) for grant in grants):
        raise Refused("beyond_own_grants")


def may_give(command: Given, grant: Grant) -> bool:
    if command.role != Role.ADMINISTRATOR and grant.role not in GIVEN_BY_COORDINATION:
        return False
    own = command.territories_of_actor
    return EVERYWHERE in own or set(grant.territories) <= set(own)


def check_not_own(command: Given) -> None:
    """Check that nobody gives themselves anything: a second person does.

    Raises:
        Refused: it is their own account.
    """
    if command.role != Role.SYSTEM and command.by == command.account:
        raise Refused("own_account")


def is_left_without_administrator(before: Register, after: Register) -> bool:
    return has_administrator(before) and not has_administrator(after)


def has_administrator(register: Register) -> bool:
    return any(map(administers, register.accounts.values()))


def administers(account: Account) -> bool:
    """Whether an account can give everything, without an end: then somebody can always be let in."""
    return account.status == "active" and any(
        grant.role == Role.ADMINISTRATOR and grant.until is None and PROGRAMME in grant.territories for grant in account.grants
    )
