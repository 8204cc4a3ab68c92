"""Settings: a data directory, and addresses from environment variables."""

import os
import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import msgspec
from msgspec import Struct

import deploy
from services.bootstrap.addresses import checked
from services.vocabulary.programme import Programme
from shared.bus.names import SOLE, Names
from shared.errors import Misconfigured

TERRITORIES = Path(deploy.__file__).parent / "territories.json"
EMBEDDED = "embedded://localhost"
KEY_LENGTH = 32  # bytes
ENVIRONMENT = re.compile(r"[a-z0-9-]{0,32}")
SECONDS = re.compile(r"[0-9]{1,5}(\.[0-9]{1,6})?")


class Settings(Struct, frozen=True):
    data: Path
    amqp_uri: str
    event_store: str
    read_models: str
    keys: Path
    territories: Path
    host: str
    port: int
    clock_tolerance: timedelta = timedelta(minutes=2)
    names: Names = SOLE

    @property
    def embedded(self) -> bool:
        return self.amqp_uri.startswith("embedded:")

    def programme(self) -> Programme:
        """The configuration of the programme.

        Raises:
            Misconfigured: there is no such file, or it holds something else.
        """
        try:
            return msgspec.json.decode(self.territories.read_bytes(), type=Programme)
        except (OSError, msgspec.MsgspecError) as fault:
            raise Misconfigured(f"PARCOURS_TERRITORIES: {self.territories}: {fault_text(fault)}") from fault

    def key(self) -> bytes:
        """The key that signs identities: 32 random bytes or more, in a file that only its owner can read, made at the first start.

        Raises:
            Misconfigured: the file cannot be read or made, or it holds less.
        """
        try:
            key = self.read_key()
        except OSError as fault:
            raise Misconfigured(f"PARCOURS_KEYS: {self.keys}: {fault_text(fault)}") from fault
        if len(key) < KEY_LENGTH:
            raise Misconfigured(f"PARCOURS_KEYS: {self.keys} holds {len(key)} bytes; {KEY_LENGTH} random ones are expected.")
        return key

    def read_key(self) -> bytes:
        if not self.keys.exists():
            self.keys.parent.mkdir(parents=True, exist_ok=True)
            draft = self.keys.with_name(f"{self.keys.name}.{os.getpid()}")
            draft.touch(mode=0o600)
            draft.write_bytes(secrets.token_bytes(KEY_LENGTH))
            publish_once(draft, self.keys)
        return self.keys.read_bytes()


def publish_once(draft: Path, path: Path) -> None:
    """Rename the draft, unless another process was first: all processes then read the same key."""
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()


def read_settings(data: Path, host: str = "127.0.0.1", port: int = 8000, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of a process.

    Raises:
        Misconfigured: with what is wrong in one of them.
    """
    try:
        data = data.resolve()
        data.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as fault:
        raise Misconfigured(f"--data {str(data)!r}: {fault_text(fault)}") from fault

    def address(variable: str, default: str) -> str:
        return checked(variable, environ.get(variable, default))

    return Settings(
        data=data,
        amqp_uri=address("PARCOURS_AMQP_URI", EMBEDDED),
        event_store=address("PARCOURS_EVENT_STORE", f"sqlite:///{data}/log.sqlite"),
        read_models=address("PARCOURS_READ_MODELS", f"sqlite:///{data}/read_models.sqlite"),
        keys=Path(environ.get("PARCOURS_KEYS", data / "keys")),
        territories=Path(environ.get("PARCOURS_TERRITORIES", TERRITORIES)),
        host=host,
        port=port,
        names=names(environ.get("PARCOURS_ENVIRONMENT", "")),
        clock_tolerance=tolerance(environ.get("PARCOURS_CLOCK_TOLERANCE_S", "120")),
    )


def tolerance(text: str) -> timedelta:
    if not SECONDS.fullmatch(text):
        raise Misconfigured("PARCOURS_CLOCK_TOLERANCE_S: a number of seconds is expected, up to 99999.")
    return timedelta(seconds=float(text))


def names(environment: str) -> Names:
    if not ENVIRONMENT.fullmatch(environment):
        raise Misconfigured("PARCOURS_ENVIRONMENT: up to 32 lower-case letters, digits and hyphens are expected.")
    return Names(environment)


def fault_text(fault: Exception) -> str:
    return fault.strerror if isinstance(fault, OSError) and fault.strerror else str(fault)
