"""The keys of identities in files: made once, checked at a start, replaced while gateways and services work.

A gateway signs with the key in its file, and takes a new one within a second. A service knows every key of the set, and looks there again
when it is handed the signature of a key that it does not know. So a key is in the set before it signs, and stays there for as long as what
it signed is good: nobody waits, and nobody is refused.
"""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from services.bootstrap.key_files import PRIVATE, PUBLIC, KeyFiles, is_there, made, missing, reading, replace_file, take_place
from services.bootstrap.parts import Part
from services.bootstrap.seal_key import check_seal_key, seal_key
from shared.errors import Misconfigured
from shared.time import now
from shared.trust.identity_keys import (
    PublicKey,
    PublicKeys,
    SigningKey,
    new_signing_key,
    read_public_keys,
    read_signing_key,
    write_public_keys,
)
from shared.trust.tokens import PREVIOUS_COUNTS

T = TypeVar("T")

JUST_MADE_S = 60.0  # in which processes that start together make a first pair of keys
NEXT = ".next"  # ends the name of the file of a key that does not sign yet


class IdentityFiles:
    def __init__(self, files: KeyFiles) -> None:
        self.files = files

    def signing_key(self) -> SigningKey:
        return sensible(Part.SIGNING_KEY, self.files.signing, read_signing_key)

    def public_keys(self) -> PublicKeys:
        return sensible(Part.PUBLIC_KEYS, self.files.public, read_public_keys)

    def make(self) -> SigningKey:
        """The key that signs; a first one is made with its public half where neither is there.

        Raises:
            Misconfigured: there is the one without the other, or a file cannot be read or made.
        """
        since = now()
        signing, public = self.files.signing, self.files.public
        if not is_there(Part.SIGNING_KEY, signing):
            if is_there(Part.PUBLIC_KEYS, public) and not signing.exists():  # looked at again: another process may just have made both
                sentence = missing(Part.SIGNING_KEY, signing).removesuffix(".")
                raise Misconfigured(f"{sentence}, although {public} has public keys. Put it back, or make another: `parcours keys rotate`.")
            reading(Part.SIGNING_KEY, signing, lambda: made(signing, new_signing_key().pem(), PRIVATE))
        key = self.signing_key()
        if not is_there(Part.PUBLIC_KEYS, public):
            until = int((since + PREVIOUS_COUNTS).timestamp()) if self.is_upgrade(since) else None
            first = PublicKeys(keys=(key.public(int(since.timestamp())),), previous_until=until)
            reading(Part.PUBLIC_KEYS, public, lambda: made(public, write_public_keys(first), PUBLIC))
        self.check_pair(key)
        return key

    def is_upgrade(self, since: datetime) -> bool:
        """Whether the secret key was there before the one that signs, which this process or another that starts has just made."""
        just_made = since.timestamp() - self.files.signing.stat().st_mtime < JUST_MADE_S
        return just_made and self.files.installation.exists()

    def check_pair(self, key: SigningKey) -> None:
        if key.kid not in {each.kid for each in self.public_keys().keys}:
            sentence = f"{self.files.public} has not the key of {Part.SIGNING_KEY.value}, {self.files.signing}"
            raise Misconfigured(f"{Part.PUBLIC_KEYS.value}: {sentence}: no service would know this gateway. Copy the set of that key.")

    def check_signing(self) -> None:
        key = self.signing_key()
        if self.files.public.exists():
            self.check_pair(key)

    def prepare(self) -> PublicKey:
        """A key that every service may know before it signs.

        Raises:
            Misconfigured: a file cannot be read or made, or there is no pair of keys yet: who makes the first one is who will use it.
        """
        if not (is_there(Part.PUBLIC_KEYS, self.files.public) or is_there(Part.SIGNING_KEY, self.files.signing)):
            raise Misconfigured(
                f"{missing(Part.SIGNING_KEY, self.files.signing)} The first start of a gateway makes it, or `parcours keys make`."
            )
        file = following(self.files.signing)
        reading(Part.SIGNING_KEY, file, lambda: made(file, new_signing_key().pem(), PRIVATE))
        kid = sensible(Part.SIGNING_KEY, file, read_signing_key).kid
        known = self.public_keys() if self.files.public.exists() else PublicKeys(keys=())
        prepared = next((key for key in known.keys if key.kid == kid), None)
        if prepared is None:
            prepared = sensible(Part.SIGNING_KEY, file, read_signing_key).public(int(now().timestamp()))
            self.keep(replace(known, keys=(*known.keys, prepared)))
        return prepared

    def rotate(self) -> PublicKey:
        """The key that signs from now on. The one that signed until now is still known, and none before it."""
        prepared, known = self.prepare(), self.public_keys()
        signed = self.signing_key().kid if self.files.signing.exists() else None
        self.keep(replace(known, keys=tuple(key for key in known.keys if key.kid in {signed, prepared.kid})))
        signing = self.files.signing
        reading(Part.SIGNING_KEY, signing, lambda: take_place(following(signing), signing))
        return prepared

    def drop(self) -> list[PublicKey]:
        """The keys that are known no more: all but the one that signs and the one that is prepared."""
        wanted = {self.signing_key().kid}
        if following(self.files.signing).exists():
            wanted.add(sensible(Part.SIGNING_KEY, following(self.files.signing), read_signing_key).kid)
        known = self.public_keys()
        self.keep(PublicKeys(keys=tuple(key for key in known.keys if key.kid in wanted)))
        return [key for key in known.keys if key.kid not in wanted]

    def keep(self, keys: PublicKeys) -> None:
        file = self.files.public
        reading(Part.PUBLIC_KEYS, file, lambda: replace_file(file, write_public_keys(keys), PUBLIC))


class Standing(Struct, frozen=True):
    """A key of the set, and what it does."""

    key: PublicKey
    does: str


def standings(identities: IdentityFiles) -> Iterator[Standing]:
    files = identities.files
    signs = identities.signing_key().kid if files.signing.exists() else None
    follows = sensible(Part.SIGNING_KEY, following(files.signing), read_signing_key).kid if following(files.signing).exists() else None
    for key in identities.public_keys().keys:
        yield Standing(key, {signs: "signs", follows: "is prepared"}.get(key.kid, "is known"))


def check_files(files: KeyFiles, parts: Collection[Part]) -> None:
    """Check the files of these parts that are there. What is missing is made at a start, or waited for.

    Raises:
        Misconfigured: with a sentence for each that is wrong.
    """
    found: list[str] = []
    for look in looks(files, parts):
        try:
            look()
        except Misconfigured as fault:
            found.extend(fault.sentences)
    if found:
        raise Misconfigured(*found)


def looks(files: KeyFiles, parts: Collection[Part]) -> Iterator[Callable[[], object]]:
    """A check of each key: of what it holds, if it is there; one of a purpose must be there if a file was named for it."""
    identities = IdentityFiles(files)
    checks: list[tuple[Part, Path, Callable[[], object]]] = [
        (Part.KEYS, files.installation, files.key),
        (Part.KEY_ENCRYPTION_KEY, files.encryption, files.encryption_key),
        (Part.SEAL_KEY, files.seal, lambda: check_seal_key(files.seal)),
        (Part.SIGNING_KEY, files.signing, identities.check_signing),  # with its public half
        *([] if Part.SIGNING_KEY in parts else [(Part.PUBLIC_KEYS, files.public, identities.public_keys)]),
    ]
    for part, file, check in checks:
        if part in parts:
            yield partial(check_if_there, part, file, check)
    for part, purpose, given in files.derived():
        if part in parts and given is not None:
            yield partial(files.key_of, purpose)
        elif part in parts and Part.KEYS not in parts:  # it follows from the secret key, which is not looked at otherwise
            yield partial(check_if_there, Part.KEYS, files.installation, partial(files.key_of, purpose))


def check_if_there(part: Part, file: Path, check: Callable[[], object]) -> None:
    if is_there(part, file):
        check()


def first_key(files: KeyFiles, *, alone: bool) -> bytes:
    """The secret key of the installation. Where it is the first one, all others are made with it.

    Raises:
        Misconfigured: a file cannot be read or made, or does not fit the others.
    """
    if not alone and not files.installation.exists():
        make_all(files)
    return files.key()


def make_all(files: KeyFiles) -> list[Path]:
    """Make every key that is missing; returns their files.

    Raises:
        Misconfigured: a file cannot be read or made, or does not fit the others.
    """
    absent = [file for file in files.files() if not file.exists()]
    if files.installation in absent and (left := [str(file) for _, _, file in files.derived() if file is not None and file not in absent]):
        raise Misconfigured(f"{missing(Part.KEYS, files.installation)} It is that from which {' and '.join(left)} follow: put it back.")
    IdentityFiles(files).make()  # before the key of the installation, whose presence tells of a release before
    files.make_derived(files.key())
    seal_key(files.seal)
    files.encryption_key()
    return absent


def following(signing: Path) -> Path:
    """The file of the key that is to sign next."""
    return signing.with_name(signing.name + NEXT)


def sensible(part: Part, file: Path, parse: Callable[[bytes], T]) -> T:
    try:
        return parse(reading(part, file, file.read_bytes))
    except ValueError as fault:
        raise Misconfigured(f"{part.value}: {file}: {fault}") from fault
