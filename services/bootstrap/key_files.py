"""The files of keys: where each is, what it must hold, and who makes it.

| file | who reads it | who makes it |
|---|---|---|
| `PARCOURS_KEYS`: the installation’s secret key, for sessions, links | gateway, `setup`, `load`, `backup`, `restore` | they, once |
| `PARCOURS_KEY_ENCRYPTION_KEY`: the key that wraps the keys of persons | services that record, gateway, `load` | they, once |
| `PARCOURS_SIGNING_KEY`: the private key of identities | gateway | gateway, once |
| `PARCOURS_PUBLIC_KEYS`: the public keys of identities | every service | gateway, once |
| `PARCOURS_SEAL_KEY`: the key that signs checkpoints of the log | relay, `verify`, `bundle`, `backup`, `restore` | relay, once |
| `PARCOURS_SURVEY_KEY`: for the seals of survey tickets; follows from the first | coaching | `parcours keys make` |
| `PARCOURS_WEBHOOK_KEY`: for the secrets of webhooks; follows from the first | webhooks | `parcours keys make` |

`parcours keys make` makes all that are missing. Coaching and webhooks read `PARCOURS_KEYS` where they are not given the key of their
purpose. In one process with the broker inside it, the keys of identities are in no file.
"""

import os
import secrets
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from services.bootstrap.environment import fault_text
from services.bootstrap.parts import Part
from services.vocabulary import survey_ticket
from shared.errors import Misconfigured, Unavailable
from shared.trust import webhook_secrets
from shared.trust.seals import key_for

KEY_LENGTH = 32  # bytes
PRIVATE, PUBLIC = 0o600, 0o644  # modes of files


class KeyFiles(Struct, frozen=True):
    installation: Path
    signing: Path
    public: Path
    seal: Path
    encryption: Path
    survey: Path | None = None
    webhooks: Path | None = None

    def derived(self) -> tuple[tuple[Part, str, Path | None], ...]:
        """The keys of one purpose: their part, the purpose, and the file if it is given."""
        return (Part.SURVEY_KEY, survey_ticket.PURPOSE, self.survey), (Part.WEBHOOK_KEY, webhook_secrets.PURPOSE, self.webhooks)

    def key(self) -> bytes:
        """The secret key of the installation: 32 random bytes or more, which only their owner can read, made at the first start.

        Raises:
            Misconfigured: the file cannot be read or made, or it holds less.
        """
        key = reading(Part.KEYS, self.installation, lambda: made(self.installation, secrets.token_bytes(KEY_LENGTH), PRIVATE))
        return long_enough(Part.KEYS, self.installation, key)

    def encryption_key(self) -> bytes:
        """The key-encryption key, which is made at the first start.

        Raises:
            Misconfigured: the file cannot be read or made, or it holds too little.
        """
        part, file = Part.KEY_ENCRYPTION_KEY, self.encryption
        return long_enough(part, file, reading(part, file, lambda: made(file, secrets.token_bytes(KEY_LENGTH), PRIVATE)))

    def known_key(self) -> bytes | None:
        """The secret key of the installation, if this process can read one. It need not."""
        try:
            return self.key() if self.installation.exists() else None
        except (Misconfigured, OSError):
            return None

    def key_of(self, purpose: str) -> bytes:
        """The key of one purpose.

        Raises:
            Misconfigured: a file cannot be read, or it holds too little.
            Unavailable: there is none yet.
        """
        for part, named, file in self.derived():
            if named == purpose and file is not None:
                return long_enough(part, file, reading(part, file, file.read_bytes))
        if not is_there(Part.KEYS, self.installation):
            raise Unavailable(f"{missing(Part.KEYS, self.installation)} The first start of the gateway makes it.")
        return key_for(purpose, self.key())

    def awaited(self, parts: Collection[Part]) -> Iterator[str]:
        """A sentence for each of these keys that is not there, and that who reads it does not make."""
        if Part.PUBLIC_KEYS in parts and not is_there(Part.PUBLIC_KEYS, self.public):
            yield no_public_keys(self)
        for part, purpose, _ in self.derived():
            if part in parts:
                try:
                    self.key_of(purpose)
                except Unavailable as fault:
                    yield str(fault)

    def faults_of_derived(self, key: bytes) -> Iterator[str]:
        """A sentence for each key of one purpose that is there and does not follow from this key of the installation."""
        for part, purpose, file in self.derived():
            if file is not None and is_there(part, file) and reading(part, file, file.read_bytes) != key_for(purpose, key):
                yield f"{part.value}: {file} does not follow from the key of the installation: move it away first."

    def make_derived(self, key: bytes) -> None:
        """Make the keys of one purpose that have a place and are missing.

        Raises:
            Misconfigured: one cannot be made, or follows from another key.
        """
        if faults := [*self.faults_of_derived(key)]:
            raise Misconfigured(*faults)
        for part, purpose, file in self.derived():
            if file is not None:
                reading(part, file, lambda file=file, purpose=purpose: made(file, key_for(purpose, key), PRIVATE))  # type: ignore[misc]

    def files(self) -> list[Path]:
        """Those that have a place."""
        derived = (file for _, _, file in self.derived() if file is not None)
        return [self.installation, self.signing, self.public, self.seal, self.encryption, *derived]


def is_there(part: Part, file: Path) -> bool:
    """
    Raises:
        Misconfigured: a folder on the way to it may not be searched.
    """
    try:
        return file.exists()
    except OSError as fault:
        raise Misconfigured(f"{part.value}: {file}: {fault_text(fault)}") from fault


def missing(part: Part, file: Path) -> str:
    return f"{part.value}: {file}: there is no such file."


def no_public_keys(files: KeyFiles) -> str:
    """What a service says that knows no key of identities yet. It reads them when they are there."""
    made = "The first start of the gateway makes it, where both have the same folder of keys; copy it elsewhere."
    until = (
        "Until then this service answers no gateway of this release; those of the release before for a day, if it can read PARCOURS_KEYS."
    )
    return f"{missing(Part.PUBLIC_KEYS, files.public)} {made} {until}"


def reading(part: Part, file: Path, read: Callable[[], bytes]) -> bytes:
    try:
        return read()
    except OSError as fault:
        raise Misconfigured(f"{part.value}: {file}: {fault_text(fault)}") from fault


def long_enough(part: Part, file: Path, key: bytes) -> bytes:
    if len(key) < KEY_LENGTH:
        raise Misconfigured(f"{part.value}: {file} holds {len(key)} bytes; {KEY_LENGTH} random ones are expected.")
    return key


def made(file: Path, content: bytes, mode: int) -> bytes:
    """The content of a file, which is made if it is missing: whole, and once, whichever process is first."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with drafted(file, content, mode) as draft, suppress(FileExistsError):  # another process was first: all read the same key
            os.link(draft, file)
    return file.read_bytes()


def replace_file(file: Path, content: bytes, mode: int) -> bytes:
    """Whoever reads it meanwhile reads all of what it was, or all of what it is."""
    with drafted(file, content, mode) as draft:
        return take_place(draft, file)


def take_place(draft: Path, file: Path) -> bytes:
    """Rename the draft. Whoever could read the file can read what takes its place, whoever it is that replaces it."""
    if file.exists():
        before = file.stat()
        os.chown(draft, before.st_uid, before.st_gid)
    draft.replace(file)
    return file.read_bytes()


@contextmanager
def drafted(file: Path, content: bytes, mode: int) -> Iterator[Path]:
    """A file beside it that has this content before anybody but its owner may read it. It is gone afterwards, unless it was renamed."""
    number, name = tempfile.mkstemp(".part", f".{file.name}.", file.parent)
    draft = Path(name)
    try:
        with os.fdopen(number, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fchmod(number, mode)
            os.fsync(number)  # what it signs is durable, so it must be
        yield draft
    finally:
        draft.unlink(missing_ok=True)
