"""The version of the code that folds events into facts. Tables made by another version may hold other facts for the same events."""

import hashlib
from functools import cache
from pathlib import Path
from uuid import uuid4

PACKAGES = ("services", "shared")
ROOT = Path(__file__).parents[3]


@cache
def version() -> str:
    """`facts <digest>`, with a digest of every Python file of the product: we do not guess which of them affect a fact."""
    digest = hashlib.sha256()
    for path in sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        digest.update(path.read_bytes())
    return f"facts {digest.hexdigest()[:16]}"


def new_build_name() -> str:
    """A unique name for tables about to be made: `facts <digest> <uuid>`. It begins with the version of the code that makes them."""
    return f"{version()} {uuid4()}"
