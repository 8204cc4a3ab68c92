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
{extra}{given}    secrets:
{addresses}    command: [service, {name}, --data, /data{options}]
    healthcheck:
      <<: *health
      test: [CMD, python, deploy/healthy.py, {name}]
"""

BEHIND_THE_PROXY = "    networks: [default, front]\n"
EXTRA = {GATEWAY: BEHIND_THE_PROXY}  # a way in
READ_MODELS = "reporting"  # the process that has an address for them
OF_EVERY_PROCESS = ("amqp_uri", "event_store")
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
    addresses = "".join(f"      - {{source: {source}, target: {target}}}\n" for target, source in addresses_of(name).items())
    return CONTAINER.format(name=name, extra=EXTRA.get(name, ""), given=given_to(name), addresses=addresses, options=options)


def addresses_of(name: str) -> Mapping[str, str]:
    """The files with the addresses of a process, which hold its own passwords: the name in the container, and that in deploy/secrets."""
    more = [*(["read_models"] if name == READ_MODELS else []), *(["person_keys"] if OF_PROCESSES[name].parts >= OF_PERSONS else [])]
    return {"amqp_uri": f"{name}_amqp_uri", "event_store": f"{name}_event_store", **{address: address for address in more}}


def given_to(name: str) -> str:
    """What this process is given and the others are not: variables, and the keys that it reads. It cannot write them."""
    keys = KEYS.get(name, {})
    more = [address for address in addresses_of(name) if address not in OF_EVERY_PROCESS]
    variables = {**keys, **{f"PARCOURS_{address.upper()}_FILE": f"/run/secrets/{address}" for address in more}}
    lines = ["environment:", "  <<: *environment", *(f"  {variable}: {path}" for variable, path in variables.items())] if variables else []
    if keys:
        mounts = listed([f"{volume}:ro" for volume in (*volumes(keys), PUBLIC_KEYS)])
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
        all_keys=",\n       ".join(listed(all_keys[start : start + 3]) for start in range(0, len(all_keys), 3)),
        containers="".join(container(name) for name in PROCESSES),
        secrets="\n".join(f"  {name}: {{file: ./deploy/secrets/{name}}}" for name in all_addresses()),
    )


def all_addresses() -> Sequence[str]:
    of_processes = dict.fromkeys(source for name in PROCESSES for source in addresses_of(name).values())
    return [*of_processes, "operator_amqp_uri", "owner_event_store"]


if __name__ == "__main__":
    sys.stdout.write(compose())
