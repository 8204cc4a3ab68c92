"""A copy of everything that cannot be made again, in a folder from which the services can be started.

What it holds
-------------
- `log.sqlite`: the log, with the checkpoints of the policies, as of one commit.
- `keys`: without it every survey ticket that was handed out is worth nothing.
- `dead_letters.sqlite`: those of the embedded broker, if there are any.

The read models are made again from the log. The folder gets its name when it is complete, and only its owner can read it.
"""

import errno
import os
import shutil
import tempfile
from pathlib import Path

from services.bootstrap.composition import Components
from shared.errors import Misconfigured, Unavailable
from shared.message import START, Position
from shared.store.sqlite.store import SqliteStore

PRIVATE = 0o600


def make_backup(components: Components, target: Path) -> Position | None:
    """Copy log, keys and dead letters to the new folder `target`; returns the position of the copy, None if the log is on a server.

    Raises:
        FileExistsError: something has that name already.
        Misconfigured: there are no keys.
        OSError, Unavailable: something cannot be read, or the copy cannot be written; nothing is left of it.
    """
    store = components.raw_store
    if not isinstance(store, SqliteStore):
        return None
    if not components.settings.keys.exists():  # a new key would be worth nothing
        raise Misconfigured(f"PARCOURS_KEYS: {components.settings.keys}: there is no such file, and a copy without it is not complete.")
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    draft = Path(tempfile.mkdtemp(".part", f".{target.name}.", target.parent))  # which only its owner can read
    try:
        position = copy_files(components, store, draft)
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return position


def copy_files(components: Components, store: SqliteStore, folder: Path) -> Position:
    store.copy(folder / "log.sqlite")
    (folder / "keys").write_bytes(components.settings.key())
    if letters := components.dead_letter_file:
        letters.copy(folder / "dead_letters.sqlite")  # after the log: a checkpoint in it has passed no letter that is missing here
    for file in folder.iterdir():
        file.chmod(PRIVATE)
    copy = SqliteStore(folder / "log.sqlite")
    try:
        if (position := copy.head()) == START:
            raise Unavailable("The log holds no event: there is nothing to copy.")
        return position
    finally:
        copy.close()
