"""As whom a grant lets somebody in, and what is left of an identity when grants are withdrawn."""

from collections.abc import Iterable
from datetime import date

from services.vocabulary.accounts import Account, Grant, Register
from services.vocabulary.programme import PROGRAMME
from shared.errors import Forbidden
from shared.message import Actor
from shared.trust.access import EVERYWHERE, Identity


def identity_of(account: Account, grant: Grant) -> Identity:
    """Who somebody is that enters with a grant."""
    return Identity(Actor(account.id, grant.role, grant.organisation), places(grant))


def places(grant: Grant) -> tuple[str, ...]:
    return (EVERYWHERE,) if PROGRAMME in grant.territories else tuple(grant.territories)


def standing(register: Register, owner: Identity, day: date, *, open_to_others: bool) -> Identity:
    """What an owner of a webhook may read now: as whom they created it, where their account still has that role.

    Raises:
        Forbidden: nowhere.
    """
    account = register.accounts.get(owner.actor.id)
    if account is None and (open_to_others or not register.accounts):
        return owner
    grants = account.current(day) if account else []
    held = {place for grant in grants if as_whom(grant) == (owner.actor.role, owner.actor.organisation) for place in places(grant)}
    left = narrowed(owner.territories, held)
    if not left:
        raise Forbidden("grant_not_current")
    return Identity(owner.actor, left)


def as_whom(grant: Grant) -> tuple[str, str]:
    return grant.role, grant.organisation


def narrowed(territories: Iterable[str], held: set[str]) -> tuple[str, ...]:
    """The territories that are among those held. `*` is all of them."""
    asked = set(territories)
    if EVERYWHERE in held:
        return tuple(sorted(asked))
    return tuple(sorted(held if EVERYWHERE in asked else asked & held))
