"""The scopes of a permission."""

from collections.abc import Mapping
from typing import Literal

Scope = Literal["own", "addressee", "owner", "territory", "all"]
"""`territory`: where the actor works. `own` and `addressee`: what concerns the actor, or is addressed to its organisation. `owner`: what
the actor itself has created, wherever it works."""

Roles = Mapping[str, Scope]
"""Who may do one action: role -> scope. A role that is missing may not."""
