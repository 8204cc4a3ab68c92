"""Settings: a data directory, and addresses from environment variables."""

import os
import secrets
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import msgspec
from msgspec import Struct

import deploy
from services.vocabulary.programme import Programme

TERRITORIES = Path(deploy.__file__).parent / "territories.json"
EMBEDDED = "embedded://localhost"


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

    @property
    def embedded(self) -> bool:
        return self.amqp_uri.startswith("embedded:")

    def programme(self) -> Programme:
        return msgspec.json.decode(self.territories.read_bytes(), type=Programme)

    def key(self) -> bytes:
        """The key that signs identities: 32 random bytes or more, in a file that only its owner can read, made at the first start."""
        if not self.keys.exists():
            self.keys.parent.mkdir(parents=True, exist_ok=True)
            draft = self.keys.with_name(f"{self.keys.name}.{os.getpid()}")
            draft.touch(mode=0o600)
            draft.write_bytes(secrets.token_bytes(32))
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
    data = data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    return Settings(
        data=data,
        amqp_uri=environ.get("PARCOURS_AMQP_URI", EMBEDDED),
        event_store=environ.get("PARCOURS_EVENT_STORE", f"sqlite:///{data}/log.sqlite"),
        read_models=environ.get("PARCOURS_READ_MODELS", f"sqlite:///{data}/read_models.sqlite"),
        keys=Path(environ.get("PARCOURS_KEYS", data / "keys")),
        territories=Path(environ.get("PARCOURS_TERRITORIES", TERRITORIES)),
        host=host,
        port=port,
        clock_tolerance=timedelta(seconds=float(environ.get("PARCOURS_CLOCK_TOLERANCE_S", "120"))),
    )
