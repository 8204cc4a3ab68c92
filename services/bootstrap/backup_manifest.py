"""The manifest of a backup, and whether the backup is as it says: every part is there, unchanged, and the log is whole."""

import gzip
import hashlib
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from services.bootstrap.environment import fault_text
from shared.errors import Fault
from shared.message import START, Position
from shared.store.archive import BESIDE_LOG, GATEWAY_RECORDS, Row, decode_line

FORMAT = 3
FIRST_FORMAT = 1  # the oldest that is read
MANIFEST = "manifest.json"
LOG = "log.ndjson.gz"
DEAD_LETTERS = "dead_letters.ndjson"
KEYS = "keys"
PERSON_KEYS = "person_keys.ndjson"  # wrapped: the key that wraps them is in no backup
SEAL_KEY = "seal_key"  # there is none before anything was sealed
TERRITORIES = "territories.json"
VARIABLES = "variables.json"


def rows_file(table: str) -> str:
    return f"{table}.ndjson"


FILES = (LOG, *map(rows_file, (*BESIDE_LOG, *GATEWAY_RECORDS)), DEAD_LETTERS, PERSON_KEYS, KEYS, TERRITORIES, VARIABLES)
SINCE = {rows_file("tree_heads"): 2, rows_file("coverage"): 3, PERSON_KEYS: 3}  # the first format that has a file
decode_row = msgspec.json.Decoder(Row).decode


class DamagedBackup(Fault):
    """A backup that is not what its manifest says: a sentence for each part that is missing or damaged."""

    def __init__(self, sentences: Iterable[str]) -> None:
        self.sentences = tuple(sentences)
        super().__init__("\n".join(self.sentences))


class Part(Struct, frozen=True):
    """A file of the backup. `rows` counts its lines; a file that has none has null."""

    file: str
    bytes: int
    sha256: str
    rows: int | None


class Ended(Struct, frozen=True):
    """The last event of the log, and how many there are."""

    position: Position
    events: int
    id: str
    recordedtime: str


class LeftOut(Struct, frozen=True):
    what: str
    why: str


class Manifest(Struct, frozen=True, kw_only=True):
    """`made_at` is before anything was read; `store` is the kind of database that the log was in."""

    format: int = FORMAT
    product: str
    made_at: datetime
    store: str
    log: Ended
    parts: list[Part]
    left_out: list[LeftOut]


LEFT_OUT = [
    LeftOut("read models", "a restore makes them again from the log"),
    LeftOut("queues and the stream on the broker", "services declare them, and inboxes and the relay go on from their checkpoints"),
    LeftOut("keys of identities", "a start makes others, or `parcours keys make`; what they sign is good for a minute"),
    LeftOut("keys of survey tickets and webhooks", "they follow from the secret key: `parcours keys make`"),
    LeftOut(
        "the key that wraps the keys of persons", "with it, who has the backup could read it: keep PARCOURS_KEY_ENCRYPTION_KEY elsewhere"
    ),
    LeftOut("the index of names", "it is made again from the log"),
    LeftOut("leases", "they are held by running processes"),
    LeftOut("passwords in variables", "variables.json names the variables, with what they showed without a password"),
]


class Format(Struct):
    format: int


def read_manifest(folder: Path) -> Manifest:
    """
    Raises:
        DamagedBackup: there is none, or it cannot be read.
    """
    path = folder / MANIFEST
    try:
        content = path.read_bytes()
        if not FIRST_FORMAT <= (found := msgspec.json.decode(content, type=Format).format) <= FORMAT:
            raise DamagedBackup([f"{path}: this release reads formats {FIRST_FORMAT} to {FORMAT}, and this is {found}."])
        return msgspec.json.decode(content, type=Manifest)
    except (OSError, msgspec.MsgspecError) as fault:
        raise DamagedBackup([f"{path}: {fault_text(fault)}"]) from fault


def digest_of_manifest(folder: Path) -> str:
    """What names a backup: nothing in it can change without this."""
    return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()


def verified(folder: Path) -> Manifest:
    """The manifest of a backup in which everything is as it says.

    Raises:
        DamagedBackup: with a sentence for each part that is missing or damaged.
    """
    manifest = read_manifest(folder)
    named = {part.file for part in manifest.parts}
    needed = [name for name in FILES if SINCE.get(name, FIRST_FORMAT) <= manifest.format]
    faults = [f"{name}: the manifest does not name it." for name in needed if name not in named]
    faults += [fault for part in manifest.parts if (fault := fault_of(folder, part))]
    if not faults:
        faults += faults_of_log(folder, manifest)
    if faults:
        raise DamagedBackup(faults)
    return manifest


def fault_of(folder: Path, part: Part) -> str | None:
    try:
        with (folder / part.file).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
    except OSError as fault:
        return f"{part.file}: {fault_text(fault)}"
    if size != part.bytes:
        return f"{part.file}: damaged, it has {size} bytes instead of {part.bytes}."
    return None if digest == part.sha256 else f"{part.file}: damaged, its SHA-256 is not that of the manifest."


def faults_of_log(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Whether each event of the log follows the one before it, up to the one that the manifest names."""
    previous, count, last = START, 0, ""
    try:
        for count, message in enumerate(messages(folder), 1):  # noqa: B007 - the last one is used below
            line = decode_line(message)
            if line.previous != previous or line.position <= previous:
                yield f"{LOG}: the event at position {line.position} does not follow the one at {previous}."
                return
            previous, last = line.position, line.id
    except (OSError, EOFError, zlib.error, msgspec.MsgspecError) as fault:
        yield f"{LOG}: {fault_text(fault)}"
        return
    if (previous, count, last) != (manifest.log.position, manifest.log.events, manifest.log.id):
        yield f"{LOG}: it ends at position {previous} after {count} events, not at {manifest.log.position} after {manifest.log.events}."


def messages(folder: Path) -> Iterator[bytes]:
    """The messages of the log, byte for byte."""
    with gzip.open(folder / LOG) as file:
        for message in file:
            yield message.removesuffix(b"\n")


def rows(folder: Path, table: str) -> Iterator[Row]:
    yield from rows_of(folder / rows_file(table))


def rows_of(path: Path) -> Iterator[Row]:
    """The rows in a file; none if the backup is of a format that has no such file."""
    if path.name in SINCE and not path.exists():
        return
    with path.open("rb") as file:
        for row in file:
            yield decode_row(row)
