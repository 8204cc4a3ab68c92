"""Writes docker-compose.yml: a container for each process that the registry of services knows.

`python -m deploy.compose > docker-compose.yml`, or `make compose`. A test compares the committed file with what this writes.
"""

import sys
from pathlib import Path
from string import Template

from deploy.connections import max_connections
from services.bootstrap.names import GATEWAY, PROCESSES

COPIES = 2  # of every process in a cluster: one may be killed, or replaced by another release
TEMPLATE = Template((Path(__file__).parent / "compose.yml.template").read_text())

CONTAINER = """
  {name}:
    <<: *service
{extra}    command: [service, {name}, --data, /data{options}]
    healthcheck:
      <<: *health
      test: [CMD, python, deploy/healthy.py, {name}]
"""

READ_MODELS = "    env_file: [deploy/secrets/services.env, deploy/secrets/reporting.env]\n"
BEHIND_THE_PROXY = "    networks: [default, front]\n"
EXTRA = {"reporting": READ_MODELS, GATEWAY: BEHIND_THE_PROXY}  # the role that may write the read models; a way in


def container(name: str) -> str:
    return CONTAINER.format(name=name, extra=EXTRA.get(name, ""), options=', --host, 0.0.0.0, --port, "8000"' if name == GATEWAY else "")


def compose() -> str:
    """The whole file."""
    return TEMPLATE.substitute(
        copies=COPIES, max_connections=max_connections(COPIES), containers="".join(container(name) for name in PROCESSES)
    )


if __name__ == "__main__":
    sys.stdout.write(compose())
