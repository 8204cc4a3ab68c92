"""A backup: everything of an installation that cannot be made again, in a folder, as of one position of the log.

How it works
------------
The log and what is beside it (checkpoints, the deliveries of webhooks) are read in one transaction, while services write: the backup is of
the position at which that transaction began. What is elsewhere is read so that it fits:

- Dead letters are read before and after, and both are kept: one that was handled meanwhile would otherwise be in no backup, as what it
  led to is not in this one. A letter that is handled once more changes nothing. Those of later events are left out.
- The records of gateways are read after the transaction began: every key of a command in the log is in them.

Nothing is kept in memory but a page of rows and the dead letters. The manifest is written last. The folder gets its name when it is
complete, and only its owner can read it.
"""

import errno
import gzip
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing
from pathlib import Path

import msgspec

from services.bootstrap.backup_manifest import (
    DEAD_LETTERS,
    KEYS,
    LEFT_OUT,
    LOG,
    MANIFEST,
    PERSON_KEYS,
    SEAL_KEY,
    TERRITORIES,
    VARIABLES,
    Ended,
    Manifest,
    Part,
    rows_file,
)
from services.bootstrap.composition import Components
from services.bootstrap.settings import Settings, sqlite_path
from services.bootstrap.variables import ADDRESSES, KNOWN
from shared.address import Address
from shared.bus.dead_letter import DeadLetter
from shared.bus.dead_letters import DeadLetters
from shared.concealment import concealed
from shared.errors import Misconfigured, Unavailable
from shared.store.archive import BESIDE_LOG, GATEWAY_RECORDS, Snapshot, decode_line
from shared.store.postgres import archive as postgres
from shared.store.sqlite import archive as sqlite
from shared.time import now
from shared.trust.personal.key_database import KeyDatabase
from shared.version import __version__

PRIVATE = 0o600
PAGE = 1_000  # keys that are read at once
BEFORE_ALL = ""
COMPRESSION = 3  # of gzip: more costs time and saves little
encode = msgspec.json.Encoder().encode


def make_backup(components: Components, target: Path, environ: Mapping[str, str] = os.environ) -> Manifest:
    """Write a backup to the new folder `target`.

    Raises:
        FileExistsError: something has that name already.
        Misconfigured: there are no keys, or the log is in a database that has backups of its own.
        OSError, Unavailable: something cannot be read, or the backup cannot be written; nothing is left of it.
    """
    settings = components.settings
    if not settings.keys.installation.exists():  # a new key would be worth nothing
        raise Misconfigured(f"PARCOURS_KEYS: {settings.keys.installation}: there is no such file, and a backup without it is not complete.")
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    draft = Path(tempfile.mkdtemp(".part", f".{target.name}.", target.absolute().parent))  # which only its owner can read
    try:
        manifest = Writer(components, draft, environ).write()
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return manifest


def open_snapshot(address: Address) -> AbstractContextManager[Snapshot]:
    match address.scheme:
        case "sqlite":
            return sqlite.snapshot(sqlite_path(address))
        case "postgresql" | "postgres":
            return postgres.snapshot(address)
        case _:
            raise Misconfigured("PARCOURS_EVENT_STORE: KurrentDB has backups of its own (docs/how-to/operate.md).")


class Writer:
    """Writes the parts of one backup to `folder`."""

    def __init__(self, components: Components, folder: Path, environ: Mapping[str, str]) -> None:
        self.settings = components.settings
        self.letters: DeadLetters = components.dead_letters
        self.personal = components.personal
        self.folder = folder
        self.environ = environ
        self.parts: list[Part] = []

    def write(self) -> Manifest:
        began, before = now(), self.letters.kept()
        with open_snapshot(self.settings.event_store) as snapshot:
            ended = self.write_log(snapshot)
            self.write_tables(snapshot, BESIDE_LOG)
            self.write_gateway_records(snapshot)
        kept = letters_up_to(ended.position, [*before, *self.letters.kept()])
        self.write_lines(DEAD_LETTERS, map(encode, kept))
        self.write_person_keys()
        self.write_file(KEYS, self.settings.key())
        self.write_seal_key()
        self.write_file(TERRITORIES, self.settings.territories.read_bytes())
        self.write_file(VARIABLES, encode(variables(self.settings, self.environ)))
        manifest = Manifest(
            product=__version__, made_at=began, store=self.settings.event_store.scheme, log=ended, parts=self.parts, left_out=LEFT_OUT
        )
        write_durably(self.folder / MANIFEST, msgspec.json.format(encode(manifest)) + b"\n")
        return manifest

    def write_log(self, snapshot: Snapshot) -> Ended:
        path, last, count = self.folder / LOG, b"", 0
        with closing(snapshot.messages()) as messages, path.open("wb") as raw, gzip.GzipFile("", "wb", COMPRESSION, raw, mtime=0) as packed:  # type: ignore[type-var]
            for count, last in enumerate(messages, 1):  # noqa: B007 - the last ones are used below
                packed.write(last + b"\n")
        if not count:
            raise Unavailable("The log holds no event: there is nothing to back up.")
        self.note(LOG, count)
        end = decode_line(last)
        return Ended(position=end.position, events=count, id=end.id, recordedtime=end.recordedtime)

    def write_seal_key(self) -> None:
        """The key that signs checkpoints, if there is one: what it signed would be of no use without it.

        Raises:
            Misconfigured: there is none, and something was sealed.
        """
        if self.settings.keys.seal.exists():
            self.write_file(SEAL_KEY, self.settings.keys.seal.read_bytes())
        elif any(part.rows for part in self.parts if part.file == rows_file("tree_heads")):
            raise Misconfigured(
                f"PARCOURS_SEAL_KEY: {self.settings.keys.seal}: there is no such file, and a backup without it is not complete."
            )

    def write_person_keys(self) -> None:
        """The keys of persons as they are stored: wrapped. They are read after the log, so every event in it has its key."""
        self.write_lines(PERSON_KEYS, map(encode, wrapped_keys(self.personal.database)))

    def write_gateway_records(self, log: Snapshot) -> None:
        address = self.settings.gateway_records
        if address == self.settings.event_store:
            self.write_tables(log, GATEWAY_RECORDS)
        elif address.scheme == "sqlite" and not sqlite_path(address).exists():
            for table in GATEWAY_RECORDS:  # no gateway has run
                self.write_lines(rows_file(table), ())
        else:
            with open_snapshot(address) as snapshot:
                self.write_tables(snapshot, GATEWAY_RECORDS)

    def write_tables(self, snapshot: Snapshot, tables: Iterable[str]) -> None:
        for table in tables:
            self.write_lines(rows_file(table), map(encode, snapshot.rows(table)))

    def write_lines(self, name: str, lines: Iterable[bytes]) -> None:
        count = 0
        with (self.folder / name).open("wb") as file:
            for count, line in enumerate(lines, 1):  # noqa: B007 - the last one is used below
                file.write(line + b"\n")
        self.note(name, count)

    def write_file(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(content)
        self.note(name, None)

    def note(self, name: str, rows: int | None) -> None:
        """Make a file durable and private, and name it in the manifest."""
        path = self.folder / name
        with path.open("rb") as file:
            os.fsync(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        path.chmod(PRIVATE)
        self.parts.append(Part(file=name, bytes=path.stat().st_size, sha256=digest, rows=rows))


def write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(PRIVATE)


def wrapped_keys(database: KeyDatabase) -> Iterator[tuple[str, str]]:
    """(person, wrapped key), of those whose key was not destroyed."""
    last = BEFORE_ALL
    while page := database.wrapped_after(last, PAGE):
        yield from page.items()
        last = max(page)


def letters_up_to(position: int, letters: Iterable[DeadLetter]) -> Iterator[DeadLetter]:
    """The letters of events up to a position, each once."""
    return iter({(each.service, each.event.id): each for each in letters if each.position <= position}.values())


def variables(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that were given, with what may hold a secret hidden."""
    given = {name: environ[name] for name in sorted(environ.keys() & set(KNOWN))}
    return {
        name: str(Address(value)) if name in ADDRESSES else concealed(value, settings.secrets)  # an address shows no password
        for name, value in given.items()
    }
