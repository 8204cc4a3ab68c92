"""A restore: a backup becomes the log, and what is beside it, of an installation that has none.

How it works
------------
1. The backup is verified, then the target is looked at: nothing is changed before both are in order.
2. What is outside the log is put in its place: the key, dead letters, records of gateways. Doing it again changes nothing.
3. The log, the checkpoints and the deliveries are loaded in one transaction, whose last event says that the log was restored
   (`reporting.LogRestored`). A restore that dies before its commit leaves an empty log and is made again.
4. The read models are made from the log.

No position is given twice (ADR 59)
-----------------------------------
Services, the broker, clients and receivers have seen positions after the last one of the backup. If new events were recorded there,
whoever goes on after a position that it has seen would miss them. So the event that says that the log was restored has a position that
no log ever gave: the microseconds since 1970. A log that grows from it stays below the clock, and another restore, of this backup or of
another one, begins above it.

`put_back` is the same without a backup: for a log that its database has put back (`pg_basebackup`, a standby that lost its last commits).
"""

from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import msgspec

from services.bootstrap.backup_manifest import (
    DEAD_LETTERS,
    KEYS,
    PERSON_KEYS,
    SEAL_KEY,
    TERRITORIES,
    Manifest,
    digest_of_manifest,
    messages,
    rows,
    rows_of,
    verified,
)
from services.bootstrap.composition import Components
from services.bootstrap.identity_files import IdentityFiles
from services.bootstrap.key_files import PRIVATE, is_there, made, missing
from services.bootstrap.parts import Part
from services.bootstrap.settings import Settings, sqlite_path
from services.vocabulary.programme import PROGRAMME
from services.vocabulary.restoration import Restoration
from shared.address import Address
from shared.bus.dead_letter import DeadLetter
from shared.command_handler import CommandHandler, LoadedStream
from shared.errors import Misconfigured, Unavailable
from shared.message import START, CommandMessage, EventMessage, Position, decode_event
from shared.store.archive import BESIDE_LOG, GATEWAY_RECORDS, Line, Loading, Resumption
from shared.store.port import Append
from shared.store.postgres import archive as postgres
from shared.store.postgres.schema import set_up
from shared.store.sqlite import archive as sqlite
from shared.time import now
from shared.trust.access import system
from shared.trust.personal.cipher import Unreadable
from shared.trust.personal.key_database import KeyChanges
from shared.trust.personal.key_wrapping import file_wrapper

OF_KEYS = {KEYS: "PARCOURS_KEYS", SEAL_KEY: "PARCOURS_SEAL_KEY"}
PAGE = 1_000  # keys that are added at once
SERVICE = "reporting"  # which decides that the log was restored
decode_letter = msgspec.json.Decoder(DeadLetter).decode


def restore(components: Components, folder: Path, *, person_keys: bool = True) -> tuple[Manifest, Restoration]:
    """Restore the backup in `folder`; without `person_keys`, what is personal in it stays unreadable.

    Raises:
        DamagedBackup: the backup is not whole. Nothing was changed.
        Misconfigured: the target is not empty, or takes no writes. Nothing was changed.
        Unavailable: a server is away. The log is empty, and the restore can be made again.
    """
    manifest = verified(folder)
    settings = components.settings
    check_target(settings, folder)
    if person_keys:
        check_key_encryption_key(settings, folder)
        check_person_keys(components, folder)
    if not settings.embedded and not settings.keys.installation.exists():
        IdentityFiles(settings.keys).make()  # before the secret key: no release was here before
    for path, name in key_files(settings, folder):
        made(path, (folder / name).read_bytes(), PRIVATE)
    handler = components.handlers[SERVICE]  # makes the tables, too
    components.gateway_records  # noqa: B018 - makes its tables
    components.dead_letters.put(letters(folder))
    if person_keys:
        put_person_keys(components, folder)
    components.personal.keyring  # noqa: B018 - makes the key of the programme, if there is none
    with open_loading(settings.gateway_records, sqlite.RECORDS_SCHEMA) as records:
        for table in GATEWAY_RECORDS:
            records.load_rows(table, rows(folder, table))
    with open_loading(settings.event_store) as loading:
        check_empty(settings, loading)
        loading.load_messages(messages(folder))
        for table in BESIDE_LOG:
            loading.load_rows(table, rows(folder, table))
        restoration = resume(handler, loading, digest_of_manifest(folder))
    components.key_projector().catch_up()  # before anybody reads: what the log says is destroyed is destroyed again
    return manifest, restoration


def put_person_keys(components: Components, folder: Path) -> None:
    """Put the keys back, wrapped as they were. Their database follows the log from its beginning then: it destroys again what the log says
    is destroyed, and makes the index of names."""
    keys = [(str(person), str(wrapped)) for person, wrapped in rows_of(folder / PERSON_KEYS)]
    for start in range(0, len(keys), PAGE):
        components.personal.database.add(dict(keys[start : start + PAGE]))
    database = components.personal.database
    database.apply(KeyChanges((), {}), database.position(), START)


def put_back(components: Components) -> Restoration:
    """Note that the log was put back by other means.

    Raises:
        Misconfigured: this user may not, or the server takes no writes.
        Unavailable: the log is empty, or away.
    """
    check_writable(components.settings)
    handler = components.handlers[SERVICE]
    with open_loading(components.settings.event_store) as loading:
        return resume(handler, loading, None)


def open_loading(address: Address, schema: str = sqlite.LOG_SCHEMA) -> AbstractContextManager[Loading]:
    return sqlite.loading(sqlite_path(address), schema) if address.scheme == "sqlite" else postgres.loading(address)


def key_files(settings: Settings, folder: Path) -> list[tuple[Path, str]]:
    """Where each key goes, and its name in the backup. Nothing was sealed before a backup that has no key for it."""
    return [(settings.keys.installation, KEYS), *([(settings.keys.seal, SEAL_KEY)] if (folder / SEAL_KEY).exists() else [])]


def check_target(settings: Settings, folder: Path) -> None:
    check_writable(settings)
    sentences = []
    for path, name in key_files(settings, folder):
        if path.exists() and path.read_bytes() != (folder / name).read_bytes():
            sentences.append(f"{OF_KEYS[name]}: {path} is another key than that of the backup: move it away first.")
    sentences += settings.keys.faults_of_derived((folder / KEYS).read_bytes())
    if settings.log_file is None or settings.log_file.exists():
        if settings.log_file is None:
            set_up(settings.event_store)
        with open_loading(settings.event_store) as loading:
            sentences += occupied(settings, loading)
    if sentences:
        raise Misconfigured(*sentences)


def check_key_encryption_key(settings: Settings, folder: Path) -> None:
    """
    Raises:
        Misconfigured: the key that wrapped the keys of the backup is not there.
    """
    wrapped = next(((str(person), str(wrapped)) for person, wrapped in rows_of(folder / PERSON_KEYS)), None)
    if wrapped is None:
        return
    file, without = settings.keys.encryption, "--without-person-keys restores the rest, if it is lost for good."
    if not is_there(Part.KEY_ENCRYPTION_KEY, file):
        raise Misconfigured(f"{missing(Part.KEY_ENCRYPTION_KEY, file)} No backup holds it: put your copy of it there first. {without}")
    try:
        file_wrapper(settings.keys.encryption_key()).unwrap(wrapped[1], wrapped[0])
    except Unreadable:
        raise Misconfigured(f"{Part.KEY_ENCRYPTION_KEY.value}: {file} did not wrap the keys of the backup. {without}") from None


def check_person_keys(components: Components, folder: Path) -> None:
    """
    Raises:
        Misconfigured: the target has other keys: neither may take the place of the other.
    """
    kept = {str(person): str(wrapped) for person, wrapped in rows_of(folder / PERSON_KEYS)}
    persons = [*kept]
    for start in range(0, len(persons), PAGE):
        there = components.personal.database.keys_of(persons[start : start + PAGE])
        if any(wrapped not in (None, kept[person]) for person, wrapped in there.items()):
            where = f"{Part.PERSON_KEYS.value}: {components.settings.person_keys}"
            raise Misconfigured(f"{where} holds other keys than those of the backup: move it away first.")


def check_writable(settings: Settings) -> None:
    match settings.event_store.scheme:
        case "sqlite":
            pass
        case "postgresql" | "postgres":
            postgres.check_writable(settings.event_store)
        case _:
            raise Misconfigured("PARCOURS_EVENT_STORE: a backup is restored to SQLite or PostgreSQL; KurrentDB gives positions of its own.")


def occupied(settings: Settings, loading: Loading) -> list[str]:
    """Tables that are not empty. Records of gateways that outlived the log are joined with those of the backup."""
    tables = ", ".join(table for table in loading.occupied() if table not in GATEWAY_RECORDS)
    where = f"PARCOURS_EVENT_STORE: {settings.event_store}"
    return [f"{where} is not empty ({tables}): a backup is restored to an empty log."] if tables else []


def check_empty(settings: Settings, loading: Loading) -> None:
    if sentences := occupied(settings, loading):
        raise Misconfigured(*sentences)


def letters(folder: Path) -> list[DeadLetter]:
    with (folder / DEAD_LETTERS).open("rb") as file:
        return [decode_letter(letter) for letter in file]


def other_programme(settings: Settings, folder: Path) -> bool:
    """Whether this installation has another programme than the one of the backup."""
    return settings.territories.read_bytes() != (folder / TERRITORIES).read_bytes()


def resume(handler: CommandHandler, loading: Loading, backup: str | None) -> Restoration:
    """Append the event that says that the log was restored, where no event ever was."""
    last = loading.last()
    if last is None:
        raise Unavailable("The log holds no event: nothing was put back.")
    moment = now()
    position = next_position(last, moment)
    append = decided(handler, moment, last.position, backup, loading)
    for event in append.events:
        loading.resume(Resumption(append.stream, event, position, moment.astimezone(UTC).isoformat(timespec="microseconds")))
    return Restoration(last.position, backup, position)


def next_position(last: Line, moment: datetime) -> Position:
    """
    Raises:
        Misconfigured: the clock is behind the log, and may give positions that were given.
    """
    if moment < datetime.fromisoformat(last.recordedtime):
        raise Misconfigured(f"The clock of this machine is behind the last event of the log, of {last.recordedtime}: set it first.")
    return max(last.position + 1, int(moment.timestamp() * 1_000_000))


def decided(handler: CommandHandler, moment: datetime, after: Position, backup: str | None, loading: Loading) -> Append:
    """The append of the event, decided like any other and not recorded yet."""
    identity = system("restore")
    message = CommandMessage(
        id=uuid4(),
        type="RecordRestoration",
        actor=identity.actor,
        territory=PROGRAMME,
        time=moment,
        data={"after": after} | ({"backup": backup} if backup else {}),
    )
    received = handler.receive(message, identity)
    history = [decode_event(earlier) for earlier in loading.stream(received.stream)]
    return handler.decide(received, received.stream, LoadedStream(received.type, received.stream, history), no_other_stream).append


def no_other_stream(name: str) -> list[EventMessage]:
    raise AssertionError(f"a restoration is decided on its own stream, not on {name}")
