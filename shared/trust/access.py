"""Who asks, and what they may do.

One table answers every question of permission: (role, action) -> scope. What is not in the table is forbidden. `shared.trust.tokens`
signs an identity and tells whether it is signed.
"""

from collections.abc import Mapping

from msgspec import Struct

from shared.errors import Forbidden
from shared.message import Actor
from shared.trust.scope import Scope

EVERYWHERE = "*"


class Identity(Struct, frozen=True):
    """An actor, and the territories where it may act (`*` is all of them)."""

    actor: Actor
    territories: tuple[str, ...] = ()

    def covers(self, territory: str) -> bool:
        return EVERYWHERE in self.territories or territory in self.territories


def system(name: str) -> Identity:
    """The programme itself, when a policy or a tool acts. No session leads to it."""
    return Identity(Actor(name, "system"), (EVERYWHERE,))


class Permissions:
    """The table of permissions.

    What is `own` lies where the actor works, too. Beyond that, `own` and `addressee` compare the actor with the state of a stream, so the
    aggregate checks them; what is addressed to an organisation may come from any territory.
    """

    def __init__(self, table: Mapping[tuple[str, str], Scope]) -> None:
        self.table = dict(table)

    def scope(self, role: str, action: str) -> Scope | None:
        return self.table.get((role, action))

    def roles(self, action: str) -> frozenset[str]:
        """The roles that may do this somewhere."""
        return frozenset(role for role, what in self.table if what == action)

    def check(self, identity: Identity, action: str, territory: str) -> None:
        """Check that the identity may do `action` in `territory`.

        Raises:
            Forbidden: it may not.
        """
        match self.scope(identity.actor.role, action):
            case None:
                raise Forbidden("role_may_not", role=identity.actor.role, action=action)
            case "territory" | "own" if not identity.covers(territory):
                raise Forbidden("not_in_territory", actor=identity.actor.id, territory=territory)
            case _:
                return
