"""Which code made the facts: other code may read the same events otherwise."""

import hashlib
from functools import cache
from pathlib import Path
from uuid import uuid4

ROOMS = ("services", "shared")
ROOT = Path(__file__).parents[3]


@cache
def version() -> str:
    """Of all the code that decides, writes, upcasts and folds: what of it may matter to a fact is nobody's to guess."""
    digest = hashlib.sha256()
    for path in sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        digest.update(path.read_bytes())
    return f"facts {digest.hexdigest()[:16]}"


def named() -> str:
    """A name for tables that are about to be made: no others have it, and it tells who made them."""
    return f"{version()} {uuid4()}"
