"""One table answers every question of permission: (role, action) -> scope. What is not in the table is forbidden."""

from collections.abc import Mapping
from typing import Literal

from shared.errors import Forbidden
from shared.trust.identity import Identity

Scope = Literal["own", "addressee", "territory", "all"]


class Permissions:
    """`own` and `addressee` pass here: they compare the actor with a stream's state, so the decider that holds it decides."""

    def __init__(self, table: Mapping[tuple[str, str], Scope]) -> None:
        self.table = dict(table)

    def scope(self, role: str, action: str) -> Scope | None:
        return self.table.get((role, action))

    def check(self, identity: Identity, action: str, territory: str) -> None:
        """Raise Forbidden unless the identity may do `action` in `territory`."""
        match self.scope(identity.actor.role, action):
            case None:
                raise Forbidden(f"The role {identity.actor.role} may not do {action}.")
            case "territory" if not identity.covers(territory):
                raise Forbidden(f"{identity.actor.id} does not work in {territory}.")
            case _:
                return
