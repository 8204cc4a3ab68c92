"""Writes what each role of PostgreSQL may do as SQL, for people to read: `parcours setup` executes the same.

`python -m deploy.database_roles`, or `make compose`. A test compares the committed files with what this writes.
"""

from pathlib import Path

from services.bootstrap.database_roles import ROLES
from shared.store.postgres.rights import script

FOLDER = Path(__file__).parent / "postgres"


def main() -> None:
    for rights in ROLES.values():
        (FOLDER / f"{rights.role}.sql").write_text(script(rights))


if __name__ == "__main__":
    main()
