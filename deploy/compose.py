"""Writes docker-compose.yml: a container for each process that the registry of services knows.

`python -m deploy.compose > docker-compose.yml`, or `make compose`. A test compares the committed file with what this writes.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template

from deploy.connections import max_connections
from services.bootstrap.names import GATEWAY, PROCESSES, RELAY
from services.bootstrap.parts import OF_PERSONS, OF_PROCESSES

COPIES = 2  # of every process in a cluster: one may be killed, or replaced by another release
TEMPLATE = Template((Path(__file__).parent / "compose.yml.template").read_text())

CONTAINER = """
  {name}:
    <<: *service
{extra}{keys}    command: [service, {name}, --data, /data{options}]
    healthcheck:
      <<: *health
      test: [CMD, python, deploy/healthy.py, {name}]
"""

SECRETS = "    env_file: [{files}]\n"
BEHIND_THE_PROXY = "    networks: [default, front]\n"
PUBLIC_KEYS = "public-keys:/public-keys"
OF_PERSON_KEYS = {"PARCOURS_KEY_ENCRYPTION_KEY": "/key-encryption-key/key"}
KEYS: Mapping[str, Mapping[str, str]] = {  # beside the public ones, which every service reads: variables, in the order of their volumes
    **{name: OF_PERSON_KEYS for name in PROCESSES if OF_PROCESSES[name].parts >= OF_PERSONS},
    GATEWAY: {"PARCOURS_KEYS": "/keys/signing", "PARCOURS_SIGNING_KEY": "/keys/identities.pem", **OF_PERSON_KEYS},
    "coaching": {"PARCOURS_SURVEY_KEY": "/survey-key/key", **OF_PERSON_KEYS},
    RELAY: {"PARCOURS_SEAL_KEY": "/seal-key/key"},
    "webhooks": {"PARCOURS_WEBHOOK_KEY": "/webhook-key/key"},
}


def container(name: str) -> str:
    options = ', --host, 0.0.0.0, --port, "8000"' if name == GATEWAY else ""
    extra = secrets_of(name) + (BEHIND_THE_PROXY if name == GATEWAY else "")
    return CONTAINER.format(name=name, extra=extra, keys=keys_of(name), options=options)


def secrets_of(name: str) -> str:
    """The addresses that hold passwords, of those who need more than the log and the broker."""
    more = [*(["reporting"] if name == "reporting" else []), *(["persons"] if OF_PROCESSES[name].parts >= OF_PERSONS else [])]
    files = ", ".join(f"deploy/secrets/{file}.env" for file in ("services", *more))
    return SECRETS.format(files=files) if more else ""


def keys_of(name: str) -> str:
    """The keys that a process reads and no other does. It cannot write them."""
    if not (given := KEYS.get(name)):
        return ""
    lines = ["environment:", "  <<: *environment", *(f"  {variable}: {path}" for variable, path in given.items())]
    mounts = listed([f"{volume}:ro" for volume in (*volumes(given), PUBLIC_KEYS)])
    lines.append(f"volumes: [{mounts}, *territories]")
    return "".join(f"    {line}\n" for line in lines)


def volumes(given: Mapping[str, str]) -> list[str]:
    folders = dict.fromkeys(str(Path(path).parent) for path in given.values())
    return [f"{folder.strip('/')}:{folder}" for folder in folders]


def listed(mounts: Sequence[str]) -> str:
    return ", ".join(f'"{mount}"' for mount in mounts)


def compose() -> str:
    """The whole file."""
    all_keys = [*dict.fromkeys(volume for given in KEYS.values() for volume in volumes(given)), PUBLIC_KEYS]
    return TEMPLATE.substitute(
        copies=COPIES,
        max_connections=max_connections(COPIES),
        all_keys=listed(all_keys),
        containers="".join(container(name) for name in PROCESSES),
    )


if __name__ == "__main__":
    sys.stdout.write(compose())
