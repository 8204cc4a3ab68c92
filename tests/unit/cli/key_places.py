"""Every key in a folder of its own, as in docker-compose.yml, and what uses them."""

from pathlib import Path

from services.bootstrap.key_files import KeyFiles
from services.bootstrap.settings import read_settings
from services.bootstrap.trust import Trust
from services.cli.main import main
from shared.message import Actor
from shared.trust.access import Identity

COACH = Identity(Actor("c-1", "coach", "etape"), ("alencon",))
APART = {
    "PARCOURS_AMQP_URI": "amqp://127.0.0.1:1",
    "PARCOURS_EVENT_STORE": "sqlite:////nowhere/log",
    "PARCOURS_READ_MODELS": "sqlite:////no/m",
    "PARCOURS_PERSON_KEYS": "sqlite:////no/persons",
}


def run(tmp_path: Path, *words: str) -> int:
    return main([*words, "--data", str(tmp_path / "data")])


def files(environ: dict[str, str]) -> KeyFiles:
    return KeyFiles(*(Path(value) for value in environ.values()))


def trust(tmp_path: Path, environ: dict[str, str], *names: str) -> Trust:
    """That of a process which is given these variables alone."""
    return Trust(read_settings(tmp_path / "of-a-process", environ={**APART, **{name: environ[name] for name in names}}))
